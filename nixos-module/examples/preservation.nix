# Nothing of this changes when a host moves from preservation.
{
  preservation = {
    enable = true;
    preserveAt."/persist" = {
      commonMountOptions = [ "x-gvfs-hide" ];
      directories = [
        {
          directory = "/var/lib/nixos";
          inInitrd = true;
        }
        "/var/lib/systemd/timers"
        {
          directory = "/var/lib/grafana";
          user = "grafana";
          group = "grafana";
          mode = "0750";
        }
      ];
      files = [
        {
          file = "/etc/machine-id";
          inInitrd = true;
        }
        {
          file = "/etc/ssh/ssh_host_ed25519_key";
          how = "symlink";
          configureParent = true;
        }
        "/etc/ssh/ssh_host_ed25519_key.pub"
      ];
      users.alice = {
        commonMountOptions = [ "x-gvfs-hide" ];
        directories = [ "Projects" ];
        files = [ ".config/starship.toml" ];
      };
    };
  };
}
