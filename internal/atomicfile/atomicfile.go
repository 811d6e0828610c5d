// Package atomicfile writes files that appear whole or not at all: it writes under another name in the same folder,
// syncs the file to the disk and then renames it.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
)

// A File has a temporary name until Commit gives it its own.
type File struct {
	*os.File
	path string
	done bool
}

// Create opens a temporary file for path, in the same folder. At path there must be no file or a plain one, which stays
// as it is until Commit: a folder cannot be replaced, and a device or a pipe would be gone. A link to a plain file is
// replaced, not followed.
func Create(path string) (*File, error) {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, &fs.PathError{Op: "replace", Path: path, Err: errFolder}
	case err == nil && !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "replace", Path: path, Err: errSpecial}
	}
	dir, base := filepath.Split(path)
	tmp := filepath.Join(dir, fmt.Sprintf(".%s.%016x", base, rand.Uint64()))
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666) // with the user's umask, unlike os.CreateTemp
	if err != nil {
		return nil, err
	}
	return &File{File: f, path: path}, nil
}

var (
	errFolder  = errors.New("it is a folder")
	errSpecial = errors.New("it is not a plain file")
)

// Misplaced reports whether a file or a folder could not be made because of its path: it, or what it should lie in, is something
// else, is not there or may not be written. A full disk, say, is another matter.
func Misplaced(err error) bool {
	return slices.ContainsFunc([]error{errFolder, errSpecial, fs.ErrNotExist, fs.ErrPermission, fs.ErrExist, fs.ErrInvalid,
		syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG, syscall.EROFS, syscall.ELOOP, syscall.EINVAL},
		func(e error) bool { return errors.Is(err, e) })
}

// Commit syncs the file to the disk, closes it and renames it to its path. After an error it removes the file and
// leaves path as it was; but if syncing the folder, the last step, fails, the new file is there.
func (f *File) Commit() error {
	err := errors.Join(f.Sync(), f.File.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	f.done = true
	return SyncDir(filepath.Dir(f.path))
}

// Close removes a file that was not committed; deferred, it cleans up after any error.
func (f *File) Close() error {
	if f.done {
		return nil
	}
	f.done = true
	f.File.Close() // again, after Commit: an error without meaning
	return os.Remove(f.Name())
}

// Write replaces the file at path by the output of write.
func Write(path string, write func(io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := write(f); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Commit()
}

// SyncDir syncs the names in a folder to the disk, a renamed file's among them. Windows has no such call and needs
// none.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
