/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
#pragma once

/*
 * Makes struct `name` known to user space: BTF has only what a global names. bpf-build then
 * checks the layout and gives Rust a type of that name.
 */
#define BPFAPPS_RECORD(name) struct name _##name = {}
