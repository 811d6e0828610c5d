package data

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// FetchOptions say how to [Fetch]. The zero value fetches from the publishers and says nothing.
type FetchOptions struct {
	// Mirrors are base addresses to fetch from instead of the publishers', tried in turn; a file is
	// looked for at the address followed by its name.
	Mirrors []string
	// Progress, if there is one, is called as the file arrives, from one goroutine: done bytes of total.
	Progress func(file string, done, total int64)
	// Client, if there is one, is used instead of a plain one.
	Client *http.Client
}

// stall is how long a server may send nothing before it is given up.
const stall = time.Minute

// attempts is how often a file is asked of one mirror that keeps on sending a part of it.
const attempts = 5

// Fetch downloads a data set by name into dir, and returns the folder to load it from; an empty dir is
// the folder in the user's cache in which [Load] looks. What is there already, whole, is not fetched
// again. A download that was cut goes on where it ended, in this call or in a later one. A file appears
// under its name when it is whole and has the publisher's checksum, and not before. Several processes
// may fetch into one folder: one does, the others wait.
func Fetch(ctx context.Context, name, dir string, o FetchOptions) (string, error) {
	c, ok := lookUp(name)
	if !ok {
		return "", fmt.Errorf("%w: %q, want one of %s", ErrNoData, name, strings.Join(Names(), ", "))
	}
	if dir == "" {
		var err error
		if dir, err = cacheDir(name); err != nil {
			return "", err
		}
	}
	if o.Mirrors != nil {
		c.mirrors = o.Mirrors
	}
	f := fetcher{client: o.Client, progress: o.Progress, stall: stall}
	if f.client == nil {
		f.client = new(http.Client)
	}
	if f.progress == nil {
		f.progress = func(string, int64, int64) {}
	}
	if err := f.set(ctx, c, dir); err != nil {
		return "", fmt.Errorf("fetching %s: %w", name, err)
	}
	return filepath.Join(dir, c.sub), nil
}

type fetcher struct {
	client   *http.Client
	progress func(file string, done, total int64)
	stall    time.Duration
}

// set fetches all files of c.
func (f fetcher) set(ctx context.Context, c catalogued, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(dir, ".fetching"))
	defer lock.Close() // the file stays: who removes it takes it from under another's lock
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for another that fetches into %s: %w", dir, err)
	}
	for _, file := range c.files {
		if file.holds == nil {
			if err := f.file(ctx, c.mirrors, file, dir); err != nil {
				return err
			}
			continue
		}
		sub := filepath.Join(dir, c.sub)
		if missing(sub, file.holds) == nil {
			continue
		}
		if _, err := os.Lstat(sub); err == nil {
			return fmt.Errorf("%w; remove the folder to have it fetched again", missing(sub, file.holds))
		}
		if err := f.file(ctx, c.mirrors, file, dir); err != nil {
			return err
		}
		archive := filepath.Join(dir, file.name)
		if err := unpack(archive, sub, file.holds); err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		if err := os.Remove(archive); err != nil {
			return err
		}
	}
	return nil
}

// missing reports the first file of a folder that is not there or not of its size.
func missing(dir string, holds map[string]int64) error {
	for _, name := range slices.Sorted(maps.Keys(holds)) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if info.Size() != holds[name] {
			return fmt.Errorf("%s has %d bytes, want %d", filepath.Join(dir, name), info.Size(), holds[name])
		}
	}
	return nil
}

// file fetches one file unless it is there.
func (f fetcher) file(ctx context.Context, mirrors []string, file remote, dir string) error {
	path := filepath.Join(dir, file.name)
	if sum, err := sumOf(path); err == nil && sum == file.md5 {
		f.progress(file.name, file.size, file.size)
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var failed []error
	for _, mirror := range mirrors {
		err := f.from(ctx, strings.TrimSuffix(mirror, "/")+"/"+file.name, file, path)
		if err == nil {
			return nil
		}
		failed = append(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	if len(failed) == 0 {
		return fmt.Errorf("%s: no mirror is known", file.name)
	}
	return errors.Join(failed...)
}

// from fetches a file from one address and puts it in place if it is right. It continues a partial file from any
// address: the sum tells whether the whole is right, and if not, the file is fetched anew.
func (f fetcher) from(ctx context.Context, url string, file remote, path string) error {
	part := path + ".part"
	begun := sizeOf(part) > 0
	for n := 1; ; n++ {
		got, err := f.download(ctx, url, file, part)
		if err == nil {
			if err = putInPlace(part, path, file.md5); err == nil || !begun {
				return wrapped(url, err)
			}
			begun = false
			continue
		}
		if ctx.Err() != nil {
			return wrapped(url, context.Cause(ctx))
		}
		if got == 0 || n == attempts {
			return wrapped(url, err)
		}
		begun = true
	}
}

func wrapped(url string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", url, err)
	}
	return err
}

// putInPlace gives a file its name, or removes it if it has another sum.
func putInPlace(part, path, md5 string) error {
	sum, err := sumOf(part)
	if err != nil {
		return err
	}
	if sum != md5 {
		return errors.Join(fmt.Errorf("MD5 %s, want %s", sum, md5), os.Remove(part))
	}
	return os.Rename(part, path)
}

// sumOf returns the MD5 sum of a file, which is what the publishers give. It finds damage; against
// forgery it is no protection.
func sumOf(path string) (string, error) {
	r, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := md5.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
