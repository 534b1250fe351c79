# The file as a whole, what is written into it by hand, and where it is not made.
{ host }:
let
  inherit (host) lib mkForce with';
  settings = change: (with' change).blankslate.settings;
in
{
  "what is accepted may have a reason" = {
    actual = (settings { blankslate.report.accept = [ "/tmp/**" ]; }).report.accept;
    expected = [
      { glob = "/tmp/**"; }
      {
        glob = "/var/tmp/**";
        because = "scratch";
      }
    ];
  };

  "what is written by hand is added, and lists get longer" = {
    actual =
      let
        all = settings {
          blankslate.settings = {
            future = true;
            report.accept = [ { glob = "/srv/**"; } ];
          };
        };
      in
      {
        inherit (all) future version;
        accept = lib.length all.report.accept;
      };
    expected = {
      future = true;
      version = 1;
      accept = 2;
    };
  };

  "what is written by hand is checked like the rest" = {
    actual = host.failed (with' {
      blankslate.settings.root = [
        {
          mount = "/srv";
          kind = "zfs";
          dataset = "tank/srv";
          snapshot = "blank";
        }
      ];
    });
    expected = [
      "blankslate.roots.\"/srv\": nothing is mounted at /srv; add fileSystems.\"/srv\" = { device = \"tank/srv\"; fsType = \"zfs\"; }, or drop the root"
    ];
  };

  "without anything the file is only a version" = {
    actual = (host.bare [ { blankslate.enable = true; } ]).blankslate.settings;
    expected = {
      version = 1;
    };
  };

  "what is switched off leaves nothing behind" = {
    actual =
      let
        config = host.bare [
          host.example
          { blankslate.enable = mkForce false; }
        ];
      in
      {
        inherit (config) assertions warnings;
        inherit (config.environment) etc systemPackages;
        inherit (config.systemd) packages services;
        inherit (config.system) checks;
        inherit (config.boot.initrd.systemd) contents storePaths;
        initrd = config.boot.initrd.systemd.services;
        needed = config.fileSystems."/persist".neededForBoot;
      };
    expected = {
      assertions = [ ];
      warnings = [ ];
      etc = { };
      systemPackages = [ ];
      packages = [ ];
      services = { };
      checks = [ ];
      contents = { };
      storePaths = [ ];
      initrd = { };
      needed = false;
    };
  };
}
