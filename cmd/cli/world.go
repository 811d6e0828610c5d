package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/nets/spread"
	"hebb/nets/spread/mpi"
)

// The flag --rank-timeout sets how long processes wait for each other.
const (
	timeoutFlag  = "rank-timeout"
	timeoutUsage = "of several processes (mpirun, srun): how long to wait for one that does not answer, before the run ends and names it"
	timeout      = 5 * time.Minute
)

// byRanks are the commands that several processes make together, and those that do no harm where each does all.
var byRanks = []string{"train", "hsic", "info", "list", "version", "help", "man", "completion", "exit-codes"}

// alone reports a command that is for one process, where a launcher has started several.
func alone(cmd *cobra.Command, _ []string) error {
	size, variable, err := mpi.Launched()
	for cmd.HasParent() && cmd.Parent().HasParent() {
		cmd = cmd.Parent()
	}
	if err != nil || size < 2 || !cmd.HasParent() || slices.Contains(byRanks, cmd.Name()) {
		return nil
	}
	return usagef("%s is for one process, and by %s there are %d, which would all do the same: want it without mpirun or srun", cmd.CommandPath(), variable, size)
}

// repeats reports whether stdout gets what rank 0 prints already. Into a file of its own a process prints for itself.
func repeats(stdout io.Writer) bool {
	if f, ok := stdout.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return false
		}
	}
	return mpi.Rank() > 0
}

// ofHost are the flags that may differ from process to process: where files lie on its host, how its device is reached, and what
// rank 0 alone has a use for.
var ofHost = []string{"data", "config", "from", "out", "resume", "context", "device", "no-cache", "profile", "trace", "watch"}

// asked is what a process is to do, a few words and the flags, as facts that have to be the same on all.
func asked(command string, flags *pflag.FlagSet) []spread.Fact {
	facts := []spread.Fact{{Name: "command", Value: command}}
	flags.VisitAll(func(f *pflag.Flag) {
		if text := f.Value.String(); text != "" && !slices.Contains(ofHost, f.Name) {
			facts = append(facts, spread.Fact{Name: "--" + f.Name, Value: text})
		}
	})
	return facts
}

// join returns the world of the processes that a launcher has started with this one, or nil where it has started no others. The
// processes of a host share its cores, and are refused unless the facts are the same on all.
func join(ctx context.Context, timeout time.Duration, same []spread.Fact, stderr io.Writer) (spread.World, error) {
	if timeout < time.Millisecond {
		return nil, usagef("--%s %v, want at least 1ms", timeoutFlag, timeout)
	}
	size, variable, err := mpi.Launched()
	if err != nil {
		return nil, usageError{err}
	}
	if size < 2 {
		return nil, nil
	}
	if _, none := mpi.Library(); none != nil {
		return nil, usagef("%s says that %d processes were started, to make one run together: %w", variable, size, none)
	}
	w, err := mpi.Open(timeout)
	if err != nil { // of this process, whatever the others find
		complain(stderr, err)
		return nil, silent{err, statusWrong}
	}
	err = shareCores(w)
	if err == nil {
		err = spread.Alike(w, same)
	}
	if err != nil {
		return nil, leave(ctx, w, stderr, usageError{err})
	}
	return w, nil
}

// shareCores gives each process its share of the cores that it may run on with others, unless GOMAXPROCS says how many. No
// bit depends on it.
func shareCores(w spread.World) error {
	mine := w.Host(w.Rank()) + allowedCores()
	all, err := w.Share([]byte(mine))
	if err != nil || os.Getenv("GOMAXPROCS") != "" {
		return err
	}
	n := 0
	for _, other := range all {
		if string(other) == mine {
			n++
		}
	}
	runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/n))
	return nil
}

// allowedCores are the numbers of the cores that this process may run on; "" where the system does not say.
func allowedCores() string {
	text, _ := os.ReadFile("/proc/self/status")
	_, list, _ := strings.Cut(string(text), "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	return list
}

// A silent error was printed already, by this process or another one.
type silent struct {
	error
	status int
}

func (s silent) Unwrap() error { return s.error }

// leave closes a world after err. Rank 0 prints an error that all processes agreed on, and each ends by itself, with the status
// of the one whose error it is. Any other error is of this process alone, and so is one that not all live to agree on: leave
// prints it with rank and host, and [mpi.Exit] ends the others.
func leave(ctx context.Context, w spread.World, stderr io.Writer, err error) error {
	if err == nil {
		return w.Close()
	}
	status := exitStatus(ctx, err)
	var agreed *spread.Agreed
	if !errors.As(err, &agreed) {
		return speak(w, stderr, silent{err, status})
	}
	if w.Rank() == 0 {
		complain(stderr, err) // before others end with a status that has the launcher end this one
	}
	all, broken := w.Share([]byte{byte(status)})
	switch {
	case broken == nil:
		status = int(all[agreed.Rank][0])
	case w.Rank() > 0:
		return speak(w, stderr, silent{err, status})
	}
	return silent{errors.Join(err, w.Close()), status}
}

// speak prints an error of this process of a world.
func speak(w spread.World, stderr io.Writer, err silent) error {
	complain(stderr, fmt.Errorf("rank %d on %s: %w", w.Rank(), w.Host(w.Rank()), err))
	return err
}

// ranks says of a world how many processes run on which hosts: "4: 2 on a, 2 on b".
func ranks(w spread.World) string {
	var hosts []string
	of := map[string]int{}
	for r := range w.Size() {
		if of[w.Host(r)]++; of[w.Host(r)] == 1 {
			hosts = append(hosts, w.Host(r))
		}
	}
	for i, h := range hosts {
		hosts[i] = fmt.Sprintf("%d on %s", of[h], h)
	}
	return fmt.Sprintf("%d: %s", w.Size(), strings.Join(hosts, ", "))
}
