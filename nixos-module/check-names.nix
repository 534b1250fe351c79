# The checks that `dangerouslySkipChecks` may name: those about what a host can do without. The others
# are about what cannot work.
[
  "auto-snapshots"
  "hibernation"
  "late-store"
  "password-files"
  "swap"
  "uid-map"
]
