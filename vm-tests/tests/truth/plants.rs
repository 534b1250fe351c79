//! Every kind of change that a host can lose: how each is made, and the paths that have to be
//! reported. Each is gone after the next boot; the test checks that as well.

/// One kind of change.
#[derive(Debug)]
pub struct Plant {
    pub kind: &'static str,
    /// Runs in bash, in /opt/site; `/run/bare` is the root without what is mounted on it.
    pub script: &'static str,
    pub paths: &'static [&'static [u8]],
}

const fn plant(kind: &'static str, script: &'static str, paths: &'static [&'static [u8]]) -> Plant {
    Plant { kind, script, paths }
}

#[rustfmt::skip]
pub const PLANTS: &[Plant] = &[
    plant("file added", "echo secret >/etc/ipsec.secrets; echo n >/root/.notes",
        &[b"/etc/ipsec.secrets", b"/root/.notes"]),
    plant("file modified", "echo more >>modified", &[b"/opt/site/modified"]),
    plant("modified, size and time as before",
        "touch -r rewritten /run/time; tr a-z A-Z <rewritten >/run/new; cat /run/new >rewritten; touch -r /run/time rewritten",
        &[b"/opt/site/rewritten"]),
    plant("file truncated", ": >truncated", &[b"/opt/site/truncated"]),
    plant("file removed", "rm removed", &[b"/opt/site/removed"]),
    plant("directory removed", "rm -r old", &[b"/opt/site/old", b"/opt/site/old/page"]),
    plant("renamed", "mv drafts plans", &[b"/opt/site/drafts", b"/opt/site/plans"]),
    plant("type changed",
        "rm retyped symlink-to-file pipe; rmdir directory-to-file; ln -s modified retyped; echo now >symlink-to-file; echo now >directory-to-file; mkdir pipe",
        &[b"/opt/site/retyped", b"/opt/site/symlink-to-file", b"/opt/site/directory-to-file", b"/opt/site/pipe"]),
    plant("symlink repointed", "ln -sfn linked repointed", &[b"/opt/site/repointed"]),
    plant("mode changed", "chmod 0600 chmodded", &[b"/opt/site/chmodded"]),
    plant("owner changed", "chown 60 chowned; chgrp 60 regrouped",
        &[b"/opt/site/chowned", b"/opt/site/regrouped"]),
    plant("extended attribute", "setfattr -n user.note -v mine attributed", &[b"/opt/site/attributed"]),
    plant("access control list", "setfacl -m u:60:rw listed", &[b"/opt/site/listed"]),
    plant("flags", "chattr +i flagged/file", &[b"/opt/site/flagged/file"]),
    plant("hard link", "ln linked second; echo two >/srv/one; ln /srv/one /srv/two",
        &[b"/opt/site/second", b"/srv/one", b"/srv/two"]),
    plant("empty file", ": >/srv/empty-file", &[b"/srv/empty-file"]),
    plant("sparse file", "truncate -s 1T /srv/sparse && truncate -s 8M /srv/sparse", &[b"/srv/sparse"]),
    plant("empty directory", "mkdir /srv/empty-directory", &[b"/srv/empty-directory"]),
    plant("symlink", "ln -s /nowhere /root/dangling; ln -s /run/current-system/sw /root/result",
        &[b"/root/dangling", b"/root/result"]),
    plant("fifo", "mkfifo /srv/fifo", &[b"/srv/fifo"]),
    plant("socket", "ssh-agent -a /srv/socket >/run/agent.sh; . /run/agent.sh >/run/agent.out; kill -KILL $SSH_AGENT_PID",
        &[b"/srv/socket"]),
    plant("device node", "mknod /srv/device c 1 3", &[b"/srv/device"]),
    plant("name that is not UTF-8", r"echo x >$'/srv/caf\351'", &[b"/srv/caf\xe9"]),
    plant("name with a newline", r"echo x >$'/srv/two\nlines'; echo x >$'/srv/bell\a \\ \'quote\' '",
        &[b"/srv/two\nlines", b"/srv/bell\x07 \\ 'quote' "]),
    plant("shadowed by a mount",
        "echo x >/run/bare/home/before-the-mount; echo x >/run/bare/var/lib/redis/dump.rdb",
        &[b"/home/before-the-mount", b"/var/lib/redis/dump.rdb"]),
    plant("edited beside what a boot makes",
        "rm /etc/hosts; cp /etc/static/hosts /etc/hosts; echo 10.0.0.1 nas >>/etc/hosts; \
         echo 'bob:x:1001:100::/home/bob:/bin/sh' >>/etc/passwd; echo 'bob ALL=(ALL) ALL' >>/etc/sudoers; \
         chmod 0400 /etc/ssh/authorized_keys.d/alice; echo 3.2 >/var/lib/forum/installed; \
         echo '/* dark */' >>/var/lib/forum/theme.css; chmod 0777 /var/lib/forum/uploads; \
         ln -sfn /srv /var/lib/forum/config; touch /var/lib/systemd/linger/alice; : >/etc/NIXOS.old",
        &[b"/etc/hosts", b"/etc/passwd", b"/etc/sudoers", b"/etc/ssh/authorized_keys.d/alice",
          b"/var/lib/forum/installed", b"/var/lib/forum/theme.css", b"/var/lib/forum/uploads",
          b"/var/lib/forum/config", b"/var/lib/systemd/linger/alice", b"/etc/NIXOS.old"]),
    plant("OpenSSH: the host's keys", "true",
        &[b"/etc/ssh/ssh_host_ed25519_key", b"/etc/ssh/ssh_host_ed25519_key.pub"]),
    plant("PostgreSQL: a table",
        "psql() { setpriv --reuid=71 --regid=71 --clear-groups -- /usr/lib/postgresql/17/bin/psql -h /run/postgresql -q -c \"$1\" postgres; }; \
         psql 'create table t as select generate_series(1, 1000)'; psql checkpoint",
        &[b"/var/lib/postgresql/17/global/pg_control",
          b"/var/lib/postgresql/17/pg_wal/000000010000000000000001",
          b"/var/lib/postgresql/17/base/5/16384"]),
    plant("nginx: a page, and its log",
        "mkdir /var/lib/nginx/www; echo hello >/var/lib/nginx/www/index.html; \
         chown -R nginx /var/lib/nginx; chmod 0755 /var/lib/nginx; \
         exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3 >/run/page; exec 3>&-; \
         i=0; until [ -s /var/log/nginx/access.log ]; do sleep 0.1; i=$((i + 1)); [ $i -lt 600 ]; done",
        &[b"/var/lib/nginx/www", b"/var/lib/nginx/www/index.html", b"/var/log/nginx/access.log"]),
    plant("a service with a user of its own", "systemctl restart counter",
        &[b"/var/lib/private/counter/starts"]),
    plant("journal, logins, random seed",
        "logger hello; journalctl --sync; head -c 384 /dev/zero >>/var/log/wtmp",
        &[b"/var/log/wtmp", b"/var/lib/systemd/random-seed"]),
];

/// What is declared, and has to be there after the next boot: one entry since long, one only since
/// this boot.
pub const DECLARED: &str = "redis-cli set visits 42 >/run/redis.out; redis-cli save >>/run/redis.out; \
    mkdir -m 0750 /var/lib/lately; echo state >/var/lib/lately/state";
