# A rollback that is refused: the host boots with the old root and says so, or stops, as it was told. A
# kernel parameter boots once with the old root.
{ machine }:
let
  refusing = onFailure: {
    imports = [ machine ];
    blankslate.roots."/" = {
      newerSnapshots = "refuse";
      inherit onFailure;
    };
  };
in
{
  nodes.going_on = refusing "continue";
  nodes.stopping = refusing "emergency";

  testScript = ''
    import os

    for host in [going_on, stopping]:
        host.start()
        host.wait_for_unit("multi-user.target")
        host.succeed("blankslate status")
        host.succeed("echo old >/etc/old; zfs snapshot rpool/local/root@newer")
        host.shutdown()

    going_on.start()
    going_on.wait_for_console_text("NOT rolled back")
    going_on.wait_for_unit("multi-user.target")
    going_on.succeed("grep old /etc/old")
    status, said = going_on.execute("blankslate status")
    assert status == 1, said
    assert "NOT rolled back" in said, said

    # These machines panic where others open an emergency shell.
    stopping.start()
    stopping.wait_for_console_text("NOT rolled back")
    stopping.wait_for_console_text("(Dependency failed|emergency|Kernel panic)")
    stopping.crash()

    going_on.succeed("zfs destroy rpool/local/root@newer")
    going_on.shutdown()
    os.environ["QEMU_KERNEL_PARAMS"] = "blankslate.rollback=no"
    going_on.start()
    going_on.wait_for_unit("multi-user.target")
    going_on.succeed("grep old /etc/old")
    _, said = going_on.execute("blankslate status")
    assert "blankslate.rollback=no" in said, said
    going_on.shutdown()

    del os.environ["QEMU_KERNEL_PARAMS"]
    going_on.start()
    going_on.wait_for_unit("multi-user.target")
    going_on.fail("ls /etc/old")
  '';
}
