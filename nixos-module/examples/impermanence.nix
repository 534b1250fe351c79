# Nothing of this changes when a host moves from impermanence.
{
  environment.persistence."/persist" = {
    hideMounts = true;
    directories = [
      "/var/lib/nixos"
      "/var/lib/systemd"
      "/var/log"
      {
        directory = "/var/lib/grafana";
        user = "grafana";
        group = "grafana";
        mode = "u=rwx,g=rx,o=";
      }
    ];
    files = [
      "/etc/machine-id"
      {
        file = "/etc/ssh/ssh_host_ed25519_key";
        parentDirectory.mode = "0755";
      }
      "/etc/ssh/ssh_host_ed25519_key.pub"
    ];
    users.alice = {
      directories = [
        "Projects"
        {
          directory = ".gnupg";
          mode = "0700";
        }
      ];
      files = [ ".config/starship.toml" ];
    };
  };
}
