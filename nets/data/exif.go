package data

import (
	"bytes"
	"encoding/binary"
)

// turned reports whether a JPEG file that begins so is to be shown turned or mirrored: whether its EXIF orientation, tag
// 274 of the first directory (JEITA CP-3451, §4.6.4), is another than 1. Decoders give images as they are stored.
func turned(jpeg []byte) bool {
	for b := bytes.TrimPrefix(jpeg, []byte{0xff, 0xd8}); len(b) > 4 && b[0] == 0xff; { // markers, each followed by its length
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 || n > len(b) || b[1] == 0xda { // the image itself
			return false
		}
		if tiff, ok := bytes.CutPrefix(b[4:n], []byte("Exif\x00\x00")); ok && b[1] == 0xe1 {
			return orientation(tiff) > 1
		}
		b = b[n:]
	}
	return false
}

// orientation returns the tag of a TIFF header's first directory, or 0.
func orientation(tiff []byte) uint16 {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 0 || at > len(tiff)-2 {
		return 0
	}
	entries := tiff[at+2:]
	for k := range int(order.Uint16(tiff[at:])) {
		if 12*(k+1) > len(entries) {
			return 0
		}
		if e := entries[12*k:]; order.Uint16(e) == 274 {
			return order.Uint16(e[8:])
		}
	}
	return 0
}
