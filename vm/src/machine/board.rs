//! What differs among processors in a virtual machine.

use bpfapps_task::Arch;

/// The hardware around a processor, for QEMU and for the kernel.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) qemu: &'static str,
    /// Arguments that choose the machine.
    pub(super) machine: &'static [&'static str],
    /// The processor, where QEMU translates its code.
    pub(super) cpu: &'static str,
    /// Where the kernel prints, for its command line.
    pub(super) console: &'static str,
    /// Variables of the first process: the names of both ports.
    pub(super) ports: &'static str,
    /// Arguments for the second serial port, which is the character device `reported`.
    pub(super) reports: [&'static str; 2],
}

impl Board {
    pub(super) const fn of(arch: Arch) -> Self {
        match arch {
            Arch::Amd64 => Self {
                qemu: "qemu-system-x86_64",
                machine: &[],
                cpu: "max",
                console: "console=ttyS0",
                ports: "CONSOLE=ttyS0 REPORTS=ttyS1",
                reports: ["-serial", "chardev:reported"],
            },
            // that of a Raspberry Pi 5. The board has one port of its own, and a kernel that lacks
            // modules has no driver for the virtual ones. The counter of cycles that QEMU makes up
            // interrupts too rarely to sample by it
            Arch::Arm64 => Self {
                qemu: "qemu-system-aarch64",
                machine: &["-machine", "virt"],
                cpu: "cortex-a76,pmu=off",
                console: "console=ttyAMA0",
                ports: "CONSOLE=ttyAMA0 REPORTS=ttyS0",
                reports: ["-device", "pci-serial,chardev=reported"],
            },
        }
    }
}
