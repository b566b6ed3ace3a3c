//! The resources that a process has used.

/// Time in user space and in the kernel. Most kernels find out only at each tick which of both it
/// is, and know the sum exactly: they divide that as the ticks say, and so does this.
pub(crate) fn times(user: u64, system: u64, runtime: u64) -> (u64, u64) {
    let ticks = u128::from(user) + u128::from(system);
    let system = match (user, system) {
        (_, 0) => 0,
        (0, _) => runtime,
        _ => u64::try_from(u128::from(runtime) * u128::from(system) / ticks).unwrap_or(runtime),
    };
    (runtime - system, system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_divided_as_the_ticks_say() {
        assert_eq!(times(0, 0, 5), (5, 0));
        assert_eq!(times(4, 0, 5), (5, 0));
        assert_eq!(times(0, 4, 5), (0, 5));
        assert_eq!(times(1, 3, 100), (25, 75));
        assert_eq!(times(u64::MAX, u64::MAX, u64::MAX).1, u64::MAX / 2);
    }
}
