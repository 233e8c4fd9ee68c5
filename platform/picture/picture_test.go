package picture_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"shouwang/platform/fault"
	"shouwang/platform/picture"
)

// traces are what a phone writes beside the pixels.
var traces = []string{"Exif\x00\x00", "GPSLatitude=30.9304", "Phone X100", "2026:11:23 09:41:00", "<x:xmpmeta"}

func drawn(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	return m
}

func jpegOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, drawn(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, drawn(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asTaken puts the traces where a phone puts them: segments of application
// data and a comment after the start of the image, and bytes after its end.
func asTaken(plain []byte) []byte {
	out := append([]byte{}, plain[:2]...)
	for i, marker := range []byte{0xe1, 0xe1, 0xed, 0xfe, 0xe1} {
		out = append(out, 0xff, marker)
		out = binary.BigEndian.AppendUint16(out, uint16(2+len(traces[i])))
		out = append(out, traces[i]...)
	}
	out = append(out, plain[2:]...)
	return append(out, "trailer GPSLatitude=30.9304"...)
}

// chunk puts a chunk of text behind the header of a PNG.
func chunk(plain []byte, kind, text string) []byte {
	const header = 8 + 25
	c := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
	c = append(append(c, kind...), text...)
	c = binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
	return append(append(append([]byte{}, plain[:header]...), c...), plain[header:]...)
}

// claiming is a PNG whose header says another size than its pixels have.
func claiming(t testing.TB, w, h uint32) []byte {
	b := append([]byte{}, pngOf(t, 2, 2)...)
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestRedraw_NothingThePhoneWroteBesideThePixelsSurvives(t *testing.T) {
	photo := asTaken(jpegOf(t, 300, 200))
	paper := chunk(chunk(pngOf(t, 200, 300), "tEXt", "Comment\x00"+traces[1]+traces[2]), "eXIf", traces[0]+traces[3])
	for name, c := range map[string]struct {
		original []byte
		size     image.Point
		there    int // how many traces the original has
	}{"jpeg": {photo, image.Pt(300, 200), 5}, "png": {paper, image.Pt(200, 300), 4}} {
		there := 0
		for _, trace := range traces {
			if bytes.Contains(c.original, []byte(trace)) {
				there++
			}
		}
		if there != c.there {
			t.Fatalf("%s: the original has %d traces, not %d: the test proves nothing", name, there, c.there)
		}
		shown, size, err := picture.Redraw(c.original)
		if err != nil || size != c.size {
			t.Fatalf("%s: %v, %v", name, size, err)
		}
		for _, trace := range append(traces, "GPS", "trailer") {
			if bytes.Contains(shown, []byte(trace)) {
				t.Errorf("%s: %q is still there", name, trace)
			}
		}
		if picture.Sniff(shown) != picture.JPEG {
			t.Errorf("%s is shown as %s", name, picture.Sniff(shown))
		}
	}
}

func TestRedraw_ALargePhotographIsMadeSmallerInProportion(t *testing.T) {
	for _, c := range []struct{ was, is image.Point }{
		{image.Pt(1600, 1200), image.Pt(1600, 1200)}, {image.Pt(3200, 1600), image.Pt(1600, 800)},
		{image.Pt(1000, 2000), image.Pt(800, 1600)}, {image.Pt(5000, 1), image.Pt(1600, 1)}, {image.Pt(1, 1), image.Pt(1, 1)},
	} {
		shown, size, err := picture.Redraw(jpegOf(t, c.was.X, c.was.Y))
		if err != nil || size != c.is {
			t.Errorf("%v became %v, %v", c.was, size, err)
			continue
		}
		if config, err := jpeg.DecodeConfig(bytes.NewReader(shown)); err != nil || image.Pt(config.Width, config.Height) != size {
			t.Errorf("%v: says %v, is %dx%d, %v", c.was, size, config.Width, config.Height, err)
		}
	}
}

// held puts before the pixels how the phone was held, in either byte order.
func held(plain []byte, order binary.AppendByteOrder, mark string, orientation uint16) []byte {
	tiff := append([]byte("Exif\x00\x00"), mark...)
	tiff = order.AppendUint32(order.AppendUint16(tiff, 42), 8)
	tiff = order.AppendUint16(tiff, 2) // entries
	for _, e := range [][2]uint16{{0x0100, 7}, {0x0112, orientation}} {
		tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, e[0]), 3), 1)
		tiff = append(order.AppendUint16(tiff, e[1]), 0, 0)
	}
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(tiff)))
	return append(append(append([]byte{}, plain[:2]...), append(segment, tiff...)...), plain[2:]...)
}

func TestRedraw_APhotographStandsAsItWasSeen(t *testing.T) {
	// A red mark at the upper left of what the sensor saw; where it belongs is
	// by the table of the Exif standard.
	m := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	for x := range 16 {
		for y := range 16 {
			m.Set(x, y, color.RGBA{200, 0, 0, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	for o, want := range map[uint16]struct {
		size  image.Point
		place string
	}{
		0: {image.Pt(64, 32), "upper left"}, 1: {image.Pt(64, 32), "upper left"}, 2: {image.Pt(64, 32), "upper right"},
		3: {image.Pt(64, 32), "lower right"}, 4: {image.Pt(64, 32), "lower left"}, 5: {image.Pt(32, 64), "upper left"},
		6: {image.Pt(32, 64), "upper right"}, 7: {image.Pt(32, 64), "lower right"}, 8: {image.Pt(32, 64), "lower left"}, 9: {image.Pt(64, 32), "upper left"},
	} {
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			shown, size, err := picture.Redraw(held(b.Bytes(), order, mark, o))
			if err != nil || size != want.size {
				t.Errorf("%s %d: %v, %v", mark, o, size, err)
				continue
			}
			got, err := jpeg.Decode(bytes.NewReader(shown))
			if err != nil || got.Bounds().Size() != size {
				t.Fatal(got.Bounds(), err)
			}
			for place, p := range map[string]image.Point{"upper left": {4, 4}, "upper right": {size.X - 5, 4}, "lower left": {4, size.Y - 5}, "lower right": {size.X - 5, size.Y - 5}} {
				_, green, _, _ := got.At(p.X, p.Y).RGBA()
				if marked := green < 0x8000; marked != (place == want.place) {
					t.Errorf("%s %d: the mark at the %s: %v", mark, o, place, marked)
				}
			}
		}
	}
}

func TestRedraw_WhatIsNoPhotographIsRefused(t *testing.T) {
	whole := jpegOf(t, 64, 64)
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("not a picture"), "a gif": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
		"half": whole[:len(whole)/2], "header only": whole[:20], "too large": append(whole, make([]byte, picture.Largest)...),
		"too many pixels": claiming(t, 10_000, 5_001), "absurd": claiming(t, 1<<31-1, 1<<31-1), "no width": claiming(t, 0, 9),
	} {
		if shown, size, err := picture.Redraw(b); !fault.Is(err, fault.Invalid) || shown != nil || size != (image.Point{}) {
			t.Errorf("%s: %d bytes, %v, %v", name, len(shown), size, err)
		}
	}
}

func TestSniff_TellsByTheFirstBytes(t *testing.T) {
	for text, want := range map[string]picture.Kind{
		"\xff\xd8\xff\xe1":                  picture.JPEG,
		"\x89PNG\r\n\x1a\n":                 picture.PNG,
		"\x89PNG\n\x1a\n":                   picture.Other, // a line ending was translated on the way
		"RIFF\x24\x00\x00\x00WEBPVP8 ":      picture.WebP,
		"RIFF\x24\x00\x00\x00WAVEfmt ":      picture.Other,
		"%PDF-1.7\n":                        picture.PDF,
		"ID3\x04\x00":                       picture.MP3,
		"\xff\xfb\x90\x64":                  picture.MP3,
		"\xff\xf3\x40\xc4":                  picture.MP3,
		"\xff\xf1\x50\x80":                  picture.Other, // AAC in ADTS
		"\xff\xff\xff\xff":                  picture.Other,
		"\x00\x00\x00\x20ftypM4A \x00\x00":  picture.M4A,
		"\x00\x00\x00\x18ftypmp42\x00\x00":  picture.MP4,
		"\x00\x00\x00\x20ftypisom\x00\x00":  picture.MP4,
		"\x00\x00\x00\x18ftypheic\x00\x00":  picture.Other,
		"\x00\x00\x00\x14ftypqt  \x00\x00":  picture.Other,
		"<svg xmlns='http://www.w3.org/'/>": picture.Other,
		"MZ\x90\x00":                        picture.Other,
		"PK\x03\x04":                        picture.Other,
		"\xff":                              picture.Other,
		"":                                  picture.Other,
	} {
		if got := picture.Sniff([]byte(text)); got != want {
			t.Errorf("%q is %s, not %s", text, got, want)
		}
	}
}

// Whatever is sent, the answer is a photograph that our own limits allow, with
// no segment of application data, or a sentence for the sender.
func FuzzRedraw(f *testing.F) {
	f.Add(jpegOf(f, 8, 8))
	f.Add(asTaken(jpegOf(f, 16, 8)))
	f.Add(held(jpegOf(f, 16, 8), binary.LittleEndian, "II", 6))
	f.Add(held(jpegOf(f, 16, 8), binary.BigEndian, "MM", 8)[:30])
	f.Add(pngOf(f, 8, 8))
	f.Add(chunk(pngOf(f, 2, 2), "tEXt", "Comment\x00GPS"))
	f.Add(claiming(f, 70_000, 70_000))
	f.Add(jpegOf(f, 8, 8)[:40])
	f.Fuzz(func(t *testing.T, original []byte) {
		shown, size, err := picture.Redraw(original)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("an error that is nobody's: %v", err)
			}
			return
		}
		if kind := picture.Sniff(original); kind != picture.JPEG && kind != picture.PNG {
			t.Fatalf("%s was drawn", kind)
		}
		config, err := jpeg.DecodeConfig(bytes.NewReader(shown))
		if err != nil || image.Pt(config.Width, config.Height) != size || max(size.X, size.Y) > 1600 || min(size.X, size.Y) < 1 {
			t.Fatalf("%v, %+v, %v", size, config, err)
		}
		if shown[2] != 0xff || shown[3] != 0xdb { // the tables, at once
			t.Fatalf("something stands before the tables: %x", shown[:8])
		}
	})
}
