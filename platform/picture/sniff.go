package picture

import "bytes"

// Kind is what a file is, said as its media type.
type Kind string

// The kinds that uploads may have. A recorder that writes sound alone into an
// MP4 of a general brand, as Android's does, gives MP4 and not M4A.
const (
	JPEG  Kind = "image/jpeg"
	PNG   Kind = "image/png"
	WebP  Kind = "image/webp"
	PDF   Kind = "application/pdf"
	MP3   Kind = "audio/mpeg"
	M4A   Kind = "audio/mp4"
	MP4   Kind = "video/mp4"
	Other Kind = "application/octet-stream"
)

// Sniff tells the kind of a file by its first bytes; 12 of them are enough. It
// says what a file claims to be, not that the rest of it is sound.
func Sniff(b []byte) Kind {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return JPEG
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		return PNG
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return WebP
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return PDF
	case bytes.HasPrefix(b, []byte("ID3")) || isLayerThree(b):
		return MP3
	case len(b) >= 12 && string(b[4:8]) == "ftyp":
		return brandKind(string(b[8:12]))
	}
	return Other
}

// isLayerThree reports whether a file begins with the header of an MPEG audio
// frame of layer III (ISO/IEC 11172-3, 2.4.1.3): eleven bits of ones, then a
// version, the layer, a bit rate and a sampling rate that exist.
func isLayerThree(b []byte) bool {
	return len(b) >= 4 && b[0] == 0xff && b[1]&0xe0 == 0xe0 && b[1]>>3&3 != 1 && b[1]>>1&3 == 1 && b[2]>>4 != 15 && b[2]>>2&3 != 3
}

// brandKind reads the major brand of an ISO base media file (ISO/IEC 14496-12).
// HEIC photographs and QuickTime films have brands of their own and are Other.
func brandKind(brand string) Kind {
	switch brand {
	case "M4A ", "M4B ":
		return M4A
	case "isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "M4V ", "MSNV", "dash", "3gp4", "3gp5", "3gp6":
		return MP4
	}
	return Other
}
