//! What a process that holds secrets does not let others have: its memory, in a file or through a debugger.

/// Set to 1 or `true`, a debugger may attach and a crash may leave a core file.
#[cfg(target_os = "linux")]
const ALLOW: &str = "CONNECTOR_ALLOW_DEBUGGER";

/// Forbids core files, and others' access to this process's memory. Costs two system calls; where they fail, the process
/// runs on as it was started.
#[cfg(target_os = "linux")]
pub(crate) fn harden() {
    use nix::sys::{prctl, resource};

    if std::env::var(ALLOW).is_ok_and(|value| value == "1" || value == "true") {
        return;
    }
    // A limit of 0 does not hold where the kernel pipes core dumps to a program: the first line does.
    let _ = prctl::set_dumpable(false);
    let _ = resource::setrlimit(resource::Resource::RLIMIT_CORE, 0, 0);
}

/// Elsewhere the operating system has other means.
#[cfg(not(target_os = "linux"))]
pub(crate) fn harden() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use nix::sys::{prctl, resource};

    #[test]
    fn memory_stays_where_it_is() {
        super::harden();
        assert!(!prctl::get_dumpable().unwrap());
        assert_eq!(resource::getrlimit(resource::Resource::RLIMIT_CORE).unwrap(), (0, 0));
    }
}
