package gpu

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"

	"hebb/compute"
)

// A cache keeps compiled programs on disk, one file each, named by a hash of the device, its driver and the source. It
// only ever saves time: an unreadable file counts as missing, and a failed write is ignored. A nil cache keeps nothing.
type cache struct {
	dir    string
	device string
}

// An entry is a program in the binary format of one driver.
type entry struct {
	format uint32
	code   []byte
}

// A file is cacheMagic, then the format, the length and the SHA-256 of the code, then the code.
const (
	cacheMagic  = "hebb program 1\n\x00"
	cacheHeader = len(cacheMagic) + 4 + 4 + sha256.Size
)

func newCache(dir string, i compute.Info) *cache {
	if dir == "off" {
		return nil
	}
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(user, "hebb", "programs")
	}
	return &cache{dir, i.Device + "\x00" + i.Driver + "\x00"}
}

func (c *cache) path(source string) string {
	h := sha256.Sum256([]byte(cacheMagic + c.device + source))
	return filepath.Join(c.dir, hex.EncodeToString(h[:16])+".bin")
}

// load returns the program of a source, or nil if its file is missing or damaged.
func (c *cache) load(source string) *entry {
	if c == nil {
		return nil
	}
	file, err := os.ReadFile(c.path(source))
	if err != nil || len(file) <= cacheHeader || string(file[:len(cacheMagic)]) != cacheMagic {
		return nil
	}
	head, code := file[len(cacheMagic):cacheHeader], file[cacheHeader:]
	sum := sha256.Sum256(code)
	if int(binary.LittleEndian.Uint32(head[4:])) != len(code) || !bytes.Equal(head[8:], sum[:]) {
		return nil
	}
	return &entry{binary.LittleEndian.Uint32(head), code}
}

// has reports whether there is a file for a source. It may turn out to be damaged.
func (c *cache) has(source string) bool {
	if c == nil {
		return false
	}
	_, err := os.Stat(c.path(source))
	return err == nil
}

// store writes a temporary file and then renames it, so that no other program ever reads half of it.
func (c *cache) store(source string, e *entry) {
	if c == nil || len(e.code) == 0 || os.MkdirAll(c.dir, 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(c.dir, "new-*")
	if err != nil {
		return
	}
	defer os.Remove(f.Name()) // if it still has this name
	sum := sha256.Sum256(e.code)
	head := []byte(cacheMagic)
	head = binary.LittleEndian.AppendUint32(head, e.format)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(e.code)))
	_, err = f.Write(append(append(head, sum[:]...), e.code...))
	if f.Close() == nil && err == nil {
		os.Rename(f.Name(), c.path(source))
	}
}
