/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/* Include it after vmlinux.h, in programs of tp_btf/sys_exit. */

#if defined(__TARGET_ARCH_arm64)
#define BPFAPPS_SYSCALL_OF(regs) (regs)->syscallno
#define BPFAPPS_RT_SIGRETURN     139
#elif defined(__TARGET_ARCH_riscv)
#define BPFAPPS_SYSCALL_OF(regs) (regs)->a7
#define BPFAPPS_RT_SIGRETURN     139
#else
#define BPFAPPS_SYSCALL_OF(regs) (regs)->orig_ax
#define BPFAPPS_RT_SIGRETURN     15
#endif

/* the number of the system call that returns */
static __always_inline __u32 bpfapps_syscall_of(struct pt_regs *regs)
{
	__u32 number = BPFAPPS_SYSCALL_OF(regs);

	/* it has put back the registers from before the signal */
	return number == -1U ? BPFAPPS_RT_SIGRETURN : number;
}

/* whether it fails; the result of rt_sigreturn is a register of before the signal */
static __always_inline bool bpfapps_syscall_fails(__u32 number, long result)
{
	return (unsigned long)result >= -4095UL && number != BPFAPPS_RT_SIGRETURN;
}
