package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"hebb/internal/atomicfile"
	"hebb/nets/spread"
)

// LockFile is in the folder of a run while a process has it, and after a process that was killed.
const LockFile = "lock"

var (
	// ErrInUse is wrapped where another process has the folder of a run.
	ErrInUse = errors.New("in use")
	// ErrOccupied is wrapped where a folder holds a run already.
	ErrOccupied = errors.New("holds a run already")
)

// errLeft says that the process that had a folder left it at this moment: try again.
var errLeft = errors.New("the folder was just left")

// Take takes a folder for this process alone, until [Folder.Close] or the end of the process, whatever that is: the lock is
// the kernel's, on a file in it. A folder that is not there is made, and removed by Close if nothing was written to it. A
// folder that another process has is an error that wraps [ErrInUse].
//
// Where a file system has no locks, the file itself is the lock, and stays after a process that was killed.
func Take(dir string) (*Folder, error) {
	f := &Folder{Dir: dir}
	err := f.take()
	for tries := 1; errors.Is(err, errLeft) && tries < 1000; tries++ {
		time.Sleep(time.Millisecond)
		err = f.take()
	}
	if err != nil {
		f.removeMade()
		return nil, misplaced(dir, err)
	}
	return f, nil
}

// misplaced makes an error of the path of a folder say what is wanted.
func misplaced(dir string, err error) error {
	var of *fs.PathError
	if !errors.As(err, &of) || !atomicfile.Misplaced(of) {
		return err
	}
	return ConfigError{fmt.Errorf("%s cannot be the folder of a run: %w; want a folder that can be written, or made", dir, of)}
}

// Shared makes the folder that rank 0 of a world has taken, or could not for the error, that of all its processes: rank 0
// writes to it, and the others at most read. These give nil; a world of nil is that of one.
func Shared(w spread.World, f *Folder, err error) (*Folder, error) {
	if w == nil {
		return f, err
	}
	if err = spread.Agree(w, err); err != nil {
		return nil, err
	}
	dir := ""
	if f != nil {
		dir = f.Dir
	}
	all, err := w.Share([]byte(dir))
	if err != nil {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		return nil, err
	}
	if f == nil {
		f = &Folder{Dir: string(all[0])}
	}
	f.world = w
	return f, nil
}

// mine reports whether this process writes to the folder.
func (f *Folder) mine() bool { return f.world == nil || f.world.Rank() == 0 }

func (f *Folder) take() error {
	if err := f.makeDir(); err != nil {
		return err
	}
	path := f.path(LockFile)
	fresh, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666) // of several that try, one makes it
	switch {
	case err == nil:
		err = fresh.Close()
	case errors.Is(err, fs.ErrExist):
		err = nil
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w: %w", errLeft, err)
	}
	if err != nil {
		return err
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDWR)) // NFS locks no file that is open for reading alone
	got, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", errLeft, err)
	case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOLCK):
		return f.takeUnlocked(fresh != nil)
	case err != nil:
		return err
	case !got:
		return fmt.Errorf("%s is %w by another process%s", f.Dir, ErrInUse, holder(path))
	}
	f.lock = lock
	if err := f.lost(); err != nil { // the file was removed before it was locked
		f.lock = nil
		return errors.Join(errLeft, err, lock.Close())
	}
	f.sign()
	return nil
}

// lost reports that the folder is no longer that of this process: it was removed, and perhaps another made in its place.
func (f *Folder) lost() error {
	if f.lock == nil {
		return nil
	}
	path := f.path(LockFile)
	mine, err := f.lock.Stat()
	if err != nil {
		return err
	}
	if is, err := os.Stat(path); err != nil || !os.SameFile(mine, is) {
		return fmt.Errorf("%s is not the file that this process locked: the folder was removed or replaced, and nothing more is written to it", path)
	}
	return nil
}

// takeUnlocked takes a folder on a file system without locks, if this process has made the file.
func (f *Folder) takeUnlocked(fresh bool) error {
	if path := f.path(LockFile); !fresh {
		return fmt.Errorf("%s is %w, or was left by a process that was killed%s: its file system has no locks to tell by; if no process uses it, remove %s",
			f.Dir, ErrInUse, holder(path), path)
	}
	f.sign()
	return nil
}

// makeDir makes the folder, and remembers which were not there.
func (f *Folder) makeDir() error {
	var missing []string
	for d := filepath.Clean(f.Dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		missing = append([]string{d}, missing...)
	}
	for _, d := range missing {
		if err := os.Mkdir(d, 0o777); err == nil {
			f.made = append(f.made, d)
		} else if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %w", errLeft, err)
		} else if !errors.Is(err, fs.ErrExist) { // another made it
			return err
		}
	}
	return nil
}

// removeMade removes the folders that Take made, but for those that are not empty.
func (f *Folder) removeMade() {
	for i := len(f.made) - 1; i >= 0; i-- {
		os.Remove(f.made[i])
	}
}

// sign says in the lock's file who has it, for messages. Windows does not let it be read.
func (f *Folder) sign() {
	host, _ := os.Hostname()
	text := fmt.Sprintf("process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.DateTime))
	os.WriteFile(f.path(LockFile), []byte(text), 0o666)
}

// holder returns what the lock's file says, after a comma.
func holder(path string) string {
	text, err := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	if err != nil || line == "" {
		return ""
	}
	return ", " + line
}

// Vacant reports a folder that holds a run already.
func (f *Folder) Vacant() error {
	if !f.mine() {
		return nil
	}
	for _, name := range []string{ConfigFile, RecordFile} { // the latter alone was left by runs that could not go on
		if _, err := os.Lstat(f.path(name)); err == nil {
			return fmt.Errorf("%s %w (%s): choose another folder, or --resume it", f.Dir, ErrOccupied, name)
		}
	}
	return nil
}

// Close gives the folder up. Closed twice, it does nothing more.
func (f *Folder) Close() (err error) {
	if f.closed || !f.mine() {
		return nil
	}
	f.closed = true
	if f.metrics != nil {
		err = f.metrics.Close()
	}
	if f.lost() == nil && runtime.GOOS != "windows" {
		os.Remove(f.path(LockFile)) // while it is locked: who has opened it by now finds that it is not there
	}
	if f.lock != nil {
		err = errors.Join(err, f.lock.Close())
	}
	if runtime.GOOS == "windows" {
		os.Remove(f.path(LockFile)) // which fails where another has opened it
	}
	f.removeMade()
	return err
}
