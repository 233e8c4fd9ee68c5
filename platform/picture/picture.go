// Package picture looks at uploaded files before anything trusts them: it says
// what a file is by its first bytes, never by its name, and draws photographs
// anew. A photograph drawn anew holds its pixels and nothing else: the place,
// the time and the camera that a phone writes beside them do not survive.
package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // phones save screenshots of paper as PNG

	"golang.org/x/image/draw"

	"shouwang/platform/fault"
)

// Largest is how many bytes a photograph may have.
const Largest = 12 << 20

const (
	mostPixels = 50_000_000 // checked before anything is decoded
	longEdge   = 1600
)

// ErrPhoto is the fault (Invalid, photo.invalid) of a file that is no
// photograph we can open.
var ErrPhoto = fault.NewInvalid("photo.invalid", "这张照片打不开，请换成 JPG 或 PNG 格式，大小不超过 12 MB。")

// Redraw decodes a JPEG or PNG photograph, after its size was found sane, and
// draws it anew, upright, as a JPEG of at most 1600 pixels along the longer
// edge. size is in pixels. Any other file, and one larger than Largest, is ErrPhoto.
func Redraw(original []byte) (shown []byte, size image.Point, err error) {
	if len(original) == 0 || len(original) > Largest {
		return nil, image.Point{}, ErrPhoto
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(original))
	if err != nil || format != "jpeg" && format != "png" || config.Width <= 0 || config.Height <= 0 || config.Width*config.Height > mostPixels {
		return nil, image.Point{}, ErrPhoto.Because(err)
	}
	decoded, _, err := image.Decode(bytes.NewReader(original))
	if err != nil {
		return nil, image.Point{}, ErrPhoto.Because(err)
	}
	size = decoded.Bounds().Size()
	if edge := max(size.X, size.Y); edge > longEdge {
		size = image.Pt(max(1, size.X*longEdge/edge), max(1, size.Y*longEdge/edge))
	}
	canvas := image.NewRGBA(image.Rectangle{Max: size})
	draw.ApproxBiLinear.Scale(canvas, canvas.Bounds(), decoded, decoded.Bounds(), draw.Src, nil)
	if format == "jpeg" {
		canvas = upright(canvas, orientation(original))
		size = canvas.Bounds().Size()
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: 80}); err != nil {
		return nil, image.Point{}, fmt.Errorf("drawing the photograph: %w", err)
	}
	return out.Bytes(), size, nil
}
