# Something is declared on the running host: a switch adopts it before services see it, and the next
# boot has it although the power fails.
{ machine }:
{
  nodes.machine = {
    imports = [ machine ];
    specialisation.more.configuration = {
      blankslate.stores."/persist".directories = [ "/var/lib/later" ];
    };
  };

  testScript = ''
    machine.start()
    machine.wait_for_unit("multi-user.target")
    machine.succeed("mkdir /var/lib/later && echo precious >/var/lib/later/file")
    machine.fail("findmnt /var/lib/later")

    before = machine.succeed("systemctl show -P ActiveEnterTimestampMonotonic blankslate.service")
    machine.succeed("/run/current-system/specialisation/more/bin/switch-to-configuration test")
    machine.succeed("findmnt /var/lib/later")
    machine.succeed("grep precious /var/lib/later/file /persist/var/lib/later/file")
    after = machine.succeed("systemctl show -P ActiveEnterTimestampMonotonic blankslate.service")
    assert before == after, "it was restarted, not reloaded"
    machine.succeed("blankslate plan")

    machine.succeed("sync")
    machine.crash()
    machine.start()
    machine.wait_for_unit("multi-user.target")
    machine.succeed("grep precious /persist/var/lib/later/file")
  '';
}
