//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || illumos)

package cli

import (
	"errors"
	"os"

	"hebb/nets/train"
)

// orphaned reports whether a process of an earlier sweep has the run's folder. One that has not come so far is not seen.
func orphaned(_ *os.File, dir string) bool {
	if _, err := os.Stat(dir); err != nil {
		return false
	}
	f, err := train.Take(dir)
	if err == nil {
		f.Close()
	}
	return errors.Is(err, train.ErrInUse)
}
