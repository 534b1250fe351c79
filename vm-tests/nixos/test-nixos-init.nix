# Without activation scripts and without a shell in the way: nixos-init, userborn and an overlay on /etc.
{ machine }:
{
  nodes.machine = {
    imports = [ machine ];
    system.nixos-init.enable = true;
    system.etc.overlay.enable = true;
    services.userborn = {
      enable = true;
      passwordFilesLocation = "/persist/etc";
    };
  };

  testScript = ''
    machine.start()
    machine.wait_for_unit("multi-user.target")
    machine.succeed("blankslate status")
    before = machine.succeed("cat /etc/machine-id; id alice; id sshd")
    machine.succeed("echo kept >/var/lib/kept/file; echo lost >/etc/lost")

    machine.shutdown()
    machine.start()
    machine.wait_for_unit("multi-user.target")
    assert machine.succeed("cat /etc/machine-id; id alice; id sshd") == before
    machine.succeed("grep kept /var/lib/kept/file")
    machine.fail("ls /etc/lost")
    machine.succeed("blankslate status")
  '';
}
