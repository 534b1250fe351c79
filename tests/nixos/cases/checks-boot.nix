# What a host boots from, before any root is mounted.
{
  host,
  fires,
  holds,
}:
let
  inherit (host)
    failed
    lib
    mkForce
    with'
    ;

  # Then the loader is the one that NixOS has by itself, and what it needs lies on the root.
  noBoot = {
    fileSystems = mkForce (removeAttrs host.example.fileSystems [ "/boot" ]);
    boot.loader.systemd-boot.enable = lib.mkOverride 90 false;
  };
  grubAt = paths: { boot.loader.grub.mirroredBoots = map (path: { inherit path; }) paths; };
  lost =
    path:
    "${path} lies on /, which is erased at every boot; give it a file system of its own: fileSystems.\"${path}\" = { … }";
  both = a: b: { imports = [ a b ]; };
in
{
  "the kernels of grub, which a host has that says nothing, must not be erased" = fires noBoot (lost "/boot");

  "where grub has copies each must not be erased" = {
    actual = failed (with' (both noBoot (grubAt [
      "/boot-1"
      "/boot-2"
    ])));
    expected = map lost [
      "/boot-1"
      "/boot-2"
    ];
  };

  "where grub has its copies elsewhere /boot may be erased" = holds (both noBoot (grubAt [ "/persist/boot" ]));

  "the kernels of systemd-boot must not be erased" = fires {
    boot.loader.efi.efiSysMountPoint = "/efi";
  } (lost "/efi");

  "the kernels of systemd-boot may lie on a partition of their own" = {
    actual = failed (with' {
      boot.loader.systemd-boot.xbootldrMountPoint = "/boot";
      boot.loader.efi.efiSysMountPoint = "/efi";
      fileSystems = noBoot.fileSystems;
    });
    expected = map lost [
      "/efi"
      "/boot"
    ];
  };

  "the kernels of limine and refind must not be erased" = {
    actual = map (loader: failed (with' (both noBoot { boot.loader.${loader}.enable = true; }))) [
      "limine"
      "refind"
    ];
    expected = [
      [ (lost "/boot") ]
      [ (lost "/boot") ]
    ];
  };

  "a host without a boot loader needs no /boot" = holds (both noBoot { boot.loader.grub.enable = false; });
}
