package gpu

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

var device = compute.Info{Device: "a device", Driver: "OpenGL 4.5"}

// TestCache: a whole file is loaded, a damaged one counts as missing and is replaced.
func TestCache(t *testing.T) {
	c := newCache(filepath.Join(t.TempDir(), "not", "made", "yet"), device)
	e := &entry{7, []byte("what a driver made of it")}
	if c.load("source") != nil {
		t.Error("an empty cache has something")
	}
	back := func() bool {
		got := c.load("source")
		return got != nil && got.format == e.format && bytes.Equal(got.code, e.code)
	}
	if c.store("source", e); !back() {
		t.Fatal("what was stored does not come back")
	}
	whole := must.Get(os.ReadFile(c.path("source")))(t)
	for name, bad := range map[string][]byte{
		"empty":              {},
		"no code":            whole[:cacheHeader],
		"cut short":          whole[:len(whole)-1],
		"too long":           append(bytes.Clone(whole), 0),
		"not ours":           bytes.Repeat([]byte("x"), len(whole)),
		"of another version": append([]byte("hebb program 0\n\x00"), whole[len(cacheMagic):]...),
		"one bit flipped":    flipped(whole, len(whole)-3),
		"wrong sum":          flipped(whole, cacheHeader-1),
		"wrong length":       flipped(whole, len(cacheMagic)+4),
	} {
		must.Do(t, os.WriteFile(c.path("source"), bad, 0o600))
		if c.load("source") != nil {
			t.Errorf("a file that is %s is taken for a program", name)
		}
		if c.store("source", e); !back() {
			t.Errorf("a file that is %s is not replaced", name)
		}
	}
	if files, _ := os.ReadDir(c.dir); len(files) != 1 {
		t.Errorf("%d files lie about, want 1", len(files))
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// TestCacheKey: another device, driver or source is another program.
func TestCacheKey(t *testing.T) {
	dir := t.TempDir()
	newCache(dir, device).store("source", &entry{1, []byte("code")})
	other, newer := device, device
	other.Device, newer.Driver = "another device", "OpenGL 4.6"
	if newCache(dir, other).load("source") != nil || newCache(dir, newer).load("source") != nil || newCache(dir, device).load("source ") != nil {
		t.Error("a foreign program is taken")
	}
}

// TestCacheUnwritable: where nothing can be stored, nothing is, without an error.
func TestCacheUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must.Do(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []*cache{newCache(filepath.Join(file, "dir"), device), newCache("off", device)} {
		if c.store("source", &entry{1, []byte("code")}); c.load("source") != nil {
			t.Error("something was kept in nowhere")
		}
	}
}
