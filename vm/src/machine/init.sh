#!/bin/busybox sh
# The first process of the virtual machine. It makes a Linux out of it as users know one, does what
# xtask asked for, and turns it off. What xtask is to know goes to the second serial port, a JSON
# document a line: the kernel prints on the first one only.
export PATH=/usr/bin HOME=/root TERM="${TERM:-dumb}" LC_ALL=C.UTF-8
. /etc/binaries
# what tests test, also those that are started by hand
export BPFAPPS_BIN="$OWN" BPFAPPS_TEST_SLOW=yes

busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox --install -s /usr/bin
# hardly any disk is as fast, but file capabilities and hidden files work as on one
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
ln -s /proc/self/fd /dev/fd
# as systemd does it; not every kernel has all of them
for fs in cgroup2:/sys/fs/cgroup bpf:/sys/fs/bpf tracefs:/sys/kernel/tracing \
	securityfs:/sys/kernel/security; do
	mount -t "${fs%%:*}" "${fs%%:*}" "${fs#*:}" 2>/dev/null
done
# samples take an emulator long, and the kernel would allow fewer of them
echo 0 >/proc/sys/kernel/perf_cpu_time_max_percent
ip link set lo up
hostname vm
cd /root

if [ "$BPFAPPS_VM" = shell ]; then
	stty rows "$ROWS" cols "$COLUMNS" <"/dev/$CONSOLE"
	echo "Linux $(uname -r): ${OWN##*/} is there, and tests are in /tests; exit ends it"
	setsid -c sh <"/dev/$CONSOLE" >"/dev/$CONSOLE" 2>&1
	poweroff -f
fi

port=/dev/$REPORTS
exec 3<>"$port"
stty raw -echo <&3

tell() {
	echo "{\"event\":$1}" >&3
}

tell "\"booted\",\"release\":\"$(uname -r)\""
code=0
if [ "$BPFAPPS_VM" = command ]; then
	case $(cat /etc/command) in
		*/templates/*) BPFAPPS_BIN=$OF_TEMPLATES ;;
	esac
	sh /etc/command </dev/null >&3 2>&1 3>&-
	code=$?
	# whatever the command printed last, this begins a line
	echo >&3
else
	export BPFAPPS_TEST_EVENTS="$port"
	for program in /tests/* /templates/*; do
		[ -e "$program" ] || continue
		case $program in
			/templates/*) BPFAPPS_BIN=$OF_TEMPLATES ;;
		esac
		tell "\"program\",\"program\":\"${program##*/}\""
		"$program" --color never </dev/null 3>&-
		tell "\"ended\",\"code\":$?"
	done
fi
tell "\"done\",\"code\":$code"
# xtask turns the machine off once it has read that
sleep 60
poweroff -f
