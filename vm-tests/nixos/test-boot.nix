# What is kept and what is erased, over a clean reboot and over a power cut; who is who and where the
# journal is.
{ machine }:
{
  nodes.machine = machine;

  testScript = ''
    def identity():
        return machine.succeed(
            "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; id -u sshd; ls -dn /home/alice/Documents"
        )

    machine.start()
    machine.wait_for_unit("multi-user.target")
    machine.succeed("blankslate status")
    before = identity()
    assert len(before.splitlines()[0]) == 32, before

    machine.succeed("echo kept >/var/lib/kept/file")
    machine.succeed("su alice -c 'echo kept >/home/alice/Documents/file'")
    machine.succeed("mkdir /var/lib/lost && echo lost >/var/lib/lost/file")
    machine.succeed("echo lost >/etc/lost")

    status, report = machine.execute("what-will-i-lose --format json")
    assert status == 1, report
    assert "/var/lib/lost" in report and "/etc/lost" in report, report
    assert "/var/lib/kept/file" not in report, report

    def check_after_reboot(boots):
        machine.wait_for_unit("multi-user.target")
        machine.succeed("grep kept /var/lib/kept/file /home/alice/Documents/file")
        machine.fail("ls -d /var/lib/lost")
        machine.fail("ls /etc/lost")
        assert identity() == before, "the host is another one after the reboot"
        machine.succeed("blankslate status")
        assert machine.succeed("systemctl --failed --no-legend") == ""
        # The initrd's lines belong to this boot, and earlier boots are still there.
        machine.succeed("journalctl -b _COMM=blankslate-init | grep 'rolled back'")
        listed = machine.succeed("journalctl --list-boots --no-pager")
        assert len(listed.splitlines()) >= boots, listed

    machine.shutdown()
    machine.start()
    check_after_reboot(2)

    machine.succeed("mkdir /var/lib/lost; sync")
    machine.crash()
    machine.start()
    check_after_reboot(3)
  '';
}
