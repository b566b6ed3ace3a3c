// SPDX-License-Identifier: BSD-3-Clause
/* `link OUT IN`: what `bpftool gen object` does, which leaves DWARF behind and keeps BTF */
#include <stdio.h>
#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_linker *linker;

	linker = argc == 3 ? bpf_linker__new(argv[1], NULL) : NULL;
	if (!linker || bpf_linker__add_file(linker, argv[2], NULL) ||
	    bpf_linker__finalize(linker)) {
		perror("error: failed to link BPF object");
		return 1;
	}
	bpf_linker__free(linker);
	return 0;
}
