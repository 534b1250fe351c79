# The NixOS module: options → entries → the configuration file → units that put it to work.
#
# In: `blankslate.*` and what the host says about its file systems and users. Out:
# /etc/blankslate/config.toml on the host and in the initrd, the units of the package with the ordering
# that only this host knows, assertions and warnings. Nothing here runs at boot: no activation script,
# no shell.
{
  imports = [
    ./options.nix
    ./settings.nix
    ./checks.nix
    ./warnings.nix
    ./stage1.nix
    ./stage2.nix
  ];
}
