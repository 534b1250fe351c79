# The running host: declared paths are put in place once more, and again whenever they change.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.blankslate;
  facts = import ./facts.nix { inherit config lib utils; };

  # A path where systemd reads a list of words and knows specifiers.
  word = path: "\"${lib.replaceStrings [ "%" "\"" ] [ "%%" "\\\"" ] path}\"";
in
{
  config = lib.mkIf cfg.enable {
    # what-will-i-lose and blankslate.
    environment.systemPackages = [ cfg.package ];

    systemd.packages = [ cfg.package ];

    systemd.services.blankslate = {
      wantedBy = [ "sysinit.target" ];
      unitConfig.RequiresMountsFor = map (store: word store.path) facts.stores;

      # A switch reloads it, whatever has changed, before it starts services that need new paths. A
      # restart would stop whatever requires it.
      reloadIfChanged = true;
      restartTriggers = [ cfg.configFile ];
    };

    systemd.services.blankslate-summary = lib.mkIf cfg.summaryBeforeShutdown {
      wantedBy = [ "multi-user.target" ];

      # It speaks when it is stopped: a switch must not stop it.
      restartIfChanged = false;
    };
  };
}
