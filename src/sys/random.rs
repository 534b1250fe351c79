//! Random bits from the kernel.

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// 128 random bits. Without flags the call waits until the kernel's source is ready, in an early boot.
pub(super) fn bits() -> io::Result<[u8; 16]> {
    let mut bits = [0; 16];
    // So few are given all at once, or none where a signal comes before the source is ready.
    match getrandom(&mut bits, GetRandomFlags::empty())? {
        16 => Ok(bits),
        _ => Err(io::Error::other("the kernel gave too few")),
    }
}
