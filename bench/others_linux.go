package bench

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// others returns how long processors have worked for programs other than this one and its peer, since the machine started.
func others(peer int) (time.Duration, bool) { return othersOf("/proc", peer) }

// clock returns the mean clock of the processors now, in MHz, or 0 where the machine does not say.
func clock() float64 { return clockOf("/proc") }

func clockOf(proc string) float64 {
	text, err := os.ReadFile(filepath.Join(proc, "cpuinfo"))
	if err != nil {
		return 0
	}
	sum, n := 0.0, 0
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if mhz, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && strings.TrimSpace(name) == "cpu MHz" {
			sum, n = sum+mhz, n+1
		}
	}
	return math.Round(sum / float64(max(1, n)))
}

// tick is the unit of /proc/stat, USER_HZ of every Linux that Go runs on.
const tick = 10 * time.Millisecond

func othersOf(proc string, peer int) (time.Duration, bool) {
	text, err := os.ReadFile(filepath.Join(proc, "stat"))
	line, _, _ := strings.Cut(string(text), "\n") // cpu user nice system idle iowait irq softirq steal …
	f := strings.Fields(line)
	if err != nil || len(f) < 9 || f[0] != "cpu" {
		return 0, false
	}
	busy := time.Duration(0)
	for i, x := range f[1:9] {
		n, err := strconv.ParseInt(x, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 { // idle and waiting for disks
			busy += time.Duration(n) * tick
		}
	}
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0, false
	}
	busy -= time.Duration(u.Utime.Nano() + u.Stime.Nano())
	if peer > 0 {
		text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(peer), "stat"))
		f := strings.Fields(string(text)[strings.LastIndex(string(text), ")")+1:]) // state, 10 numbers, and then the times
		if err != nil || len(f) < 13 {
			return 0, false
		}
		for _, x := range f[11:13] {
			n, _ := strconv.ParseInt(x, 10, 64)
			busy -= time.Duration(n) * tick
		}
	}
	return busy, true
}
