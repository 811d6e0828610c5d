package data

import (
	"archive/tar"
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"hebb/internal/must"
)

// archived is a set of an archive with a.bin of 3 bytes and b.bin of 4, among others.
func archived(t *testing.T, entries []tar.Header, address string) (catalogued, []byte) {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range entries {
		h.Mode = 0o644
		must.Do(t, w.WriteHeader(&h))
		if _, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	must.Do(t, w.Close())
	b := zipped(t, out.Bytes())
	return catalogued{name: "packed", sub: "inside", mirrors: []string{address}, files: []remote{
		{name: "p.tar.gz", size: int64(len(b)), md5: md5Of(b), holds: map[string]int64{"a.bin": 3, "b.bin": 4}},
	}}, b
}

func TestArchive(t *testing.T) {
	m := &mirror{files: map[string][]byte{}}
	address := serve(t, m)
	set, b := archived(t, []tar.Header{
		{Name: "top/", Typeflag: tar.TypeDir}, {Name: "top/a.bin", Size: 3}, {Name: "top/readme", Size: 2}, {Name: "top/b.bin", Size: 4},
	}, address)
	m.files["p.tar.gz"] = b
	dir := t.TempDir()
	put(t, dir, ".unpacking/left", nil) // by a crash
	for range 2 {
		must.Do(t, quiet().set(t.Context(), set, dir))
		wantFiles(t, dir, "inside")
		wantFiles(t, filepath.Join(dir, "inside"), "a.bin", "b.bin", "readme")
	}
	if m.asked() != "p.tar.gz" {
		t.Errorf("asked %q, want one request", m.asked())
	}
	put(t, dir, "inside/b.bin", []byte("12"))
	wantIn(t, "a damaged folder", quiet().set(t.Context(), set, dir), "b.bin has 2 bytes, want 4; remove the folder")
}

func TestHostileArchives(t *testing.T) {
	m := &mirror{files: map[string][]byte{}}
	address := serve(t, m)
	a, b := tar.Header{Name: "a.bin", Size: 3}, tar.Header{Name: "b.bin", Size: 4}
	for want, entries := range map[string][]tar.Header{
		"b.bin":                        {a},
		"path out of the folder":       {a, b, {Name: "../../evil", Size: 1}},
		`"/etc/evil" is a path out`:    {a, b, {Name: "/etc/evil", Size: 1}},
		"want files and folders":       {a, b, {Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
		"a.bin has 5 bytes, want 3":    {b, {Name: "x/a.bin", Size: 5}},
		"is not of this data set":      {a, b, {Name: "bomb", Size: maxExtra + 1}},
		"file exists":                  {a, b, {Name: "other/a.bin", Size: 3}},
		"more than 1000 files":         append([]tar.Header{a, b}, many(1000)...),
		"'1', want files and folders":  {a, {Name: "b.bin", Typeflag: tar.TypeLink, Linkname: "a.bin"}},
		"'3', want files and folders":  {a, b, {Name: "dev", Typeflag: tar.TypeChar}},
		`"x/.." is a path out`:         {a, b, {Name: "x/..", Typeflag: tar.TypeReg, Size: 0}},
		"b.bin: no such file or direc": {a, {Name: "c.bin", Size: 4}},
	} {
		set, packed := archived(t, entries, address)
		m.files["p.tar.gz"] = packed
		dir := filepath.Join(t.TempDir(), "dir")
		err := quiet().set(t.Context(), set, dir)
		wantIn(t, want, err, want)
		wantFiles(t, dir, "p.tar.gz") // whole, as its publisher made it
		wantFiles(t, filepath.Dir(dir), filepath.Base(dir))
	}
	for name, file := range map[string][]byte{"no gzip": []byte("hello"), "no tar": zipped(t, []byte("hello"))} {
		set := catalogued{name: "packed", sub: "inside", mirrors: []string{address}, files: []remote{
			{name: "p.tar.gz", size: int64(len(file)), md5: md5Of(file), holds: map[string]int64{"a.bin": 3}}}}
		m.files["p.tar.gz"] = file
		dir := t.TempDir()
		if err := quiet().set(t.Context(), set, dir); err == nil {
			t.Errorf("%s was unpacked", name)
		}
		wantFiles(t, dir, "p.tar.gz")
	}
}

func many(n int) (all []tar.Header) {
	for i := range n {
		all = append(all, tar.Header{Name: fmt.Sprint("f", i)})
	}
	return all
}
