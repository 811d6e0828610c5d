package data

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// maxExtra is the most that a file beside the known ones may have: lists of names, a page about the set.
const maxExtra = 1 << 20

// maxEntries is more than any archive of the catalogue has.
const maxEntries = 1000

// unpack makes the folder sub of the files of a .tar.gz, which must be those of holds, by size, and
// perhaps small ones. The folders in the archive do not count: all files come into sub, which appears
// when it is whole. The caller sees to it that nobody else unpacks beside it.
func unpack(archive, sub string, holds map[string]int64) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	tmp := filepath.Join(filepath.Dir(sub), ".unpacking")
	defer os.RemoveAll(tmp)
	if err := errors.Join(os.RemoveAll(tmp), os.Mkdir(tmp, 0o777)); err != nil { // one may be left by a crash
		return err
	}
	root, err := os.OpenRoot(tmp)
	if err != nil {
		return err
	}
	defer root.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	if err := extract(tar.NewReader(z), root, holds); err != nil {
		return err
	}
	// What follows the archive's end is padding, and then gzip's checksum.
	if _, err := io.Copy(io.Discard, io.LimitReader(z, maxExtra)); err != nil {
		return err
	}
	if err := missing(tmp, holds); err != nil {
		return err
	}
	if err := root.Close(); err != nil { // an open folder cannot be renamed everywhere
		return err
	}
	return os.Rename(tmp, sub)
}

func extract(t *tar.Reader, root *os.Root, holds map[string]int64) error {
	for range maxEntries {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		name := path.Base(path.Clean(h.Name))
		want, known := holds[name]
		switch {
		case h.Typeflag != tar.TypeReg:
			return fmt.Errorf("%q is of type %q, want files and folders", h.Name, h.Typeflag)
		case !filepath.IsLocal(filepath.FromSlash(h.Name)) || !filepath.IsLocal(name) || name == ".":
			return fmt.Errorf("%q is a path out of the folder", h.Name)
		case known && h.Size != want:
			return fmt.Errorf("%s has %d bytes, want %d", h.Name, h.Size, want)
		case !known && h.Size > maxExtra:
			return fmt.Errorf("%s has %d bytes, and is not of this data set", h.Name, h.Size)
		}
		if err := writeEntry(root, name, t); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
	return fmt.Errorf("more than %d files", maxEntries)
}

func writeEntry(root *os.Root, name string, r io.Reader) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // two of one name are an error
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}
