package print

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"shouwang/platform/fault"
)

const (
	longest   = 60 * time.Second // a document from its turn to its last byte
	mostCells = 10_000           // some 110 pages of a table, for which a browser takes 1 GB
	mostBytes = 4 << 20          // of HTML
)

// Faults of printing.
var (
	errNoBrowser = fault.NewConflict("print.no_browser", "本机没有安装 PDF 组件，请先下载 Word 版。")
	errTooLong   = fault.NewInvalid("print.too_long", "这份文件太长，请分几次打印，或下载 Word 版。")
	errBusy      = fault.NewConflict("print.busy", "打印没有按时完成，请稍后再试，或先下载 Word 版。")
)

// Printer makes PDF files with a Chromium, Chrome or Edge of this machine. It
// runs one browser at a time, a fresh one for each document, which neither
// runs scripts nor reaches the network or the disk.
type Printer struct {
	browser string
	turn    chan struct{}
}

// NewPrinter returns a printer that runs the program browser; empty looks for
// one where browsers are installed.
func NewPrinter(browser string) *Printer { return &Printer{browser, make(chan struct{}, 1)} }

// PDF makes the file. It is Conflict print.no_browser where no browser is
// installed, Invalid print.too_long for what a browser should not be asked to
// hold, and Conflict print.busy when a minute was not enough.
func (p *Printer) PDF(ctx context.Context, d Document) ([]byte, error) {
	cells := 0
	for _, b := range d.Blocks {
		cells += b.cells()
	}
	if cells > mostCells {
		return nil, errTooLong
	}
	html := d.HTML()
	if len(html) > mostBytes {
		return nil, errTooLong
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, errBusy.Because(ctx.Err())
	}
	pdf, err := p.pdf(ctx, html)
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return nil, errNoBrowser.Because(err)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errBusy.Because(err)
	case err != nil:
		return nil, fmt.Errorf("making a PDF: %w", err)
	}
	return pdf, nil
}

func (p *Printer) pdf(ctx context.Context, html string) ([]byte, error) {
	home, err := os.MkdirTemp("", "shouwang-print-")
	if err != nil {
		return nil, fmt.Errorf("making room for the browser: %w", err)
	}
	defer os.RemoveAll(home)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.DisableGPU,
		chromedp.UserDataDir(home),
		// A proxy that nobody is: whatever would be fetched is not.
		chromedp.ProxyServer("127.0.0.1:9"),
		chromedp.Flag("proxy-bypass-list", "<-loopback>"),
		chromedp.Flag("renderer-process-limit", "1"),
		// The environment may hold secrets of the installation.
		chromedp.NoInheritEnv,
		chromedp.Env("HOME="+home, "TMPDIR="+home, "TEMP="+home, "PATH="+os.Getenv("PATH"), "LANG=C.UTF-8"),
	)
	if p.browser != "" {
		options = append(options, chromedp.ExecPath(p.browser))
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its sandbox to root
	}
	ctx, cancel := chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	quiet := func(string, ...any) {} // what it says of its own doings, documents among them
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithLogf(quiet), chromedp.WithErrorf(quiet))
	defer cancel()
	return chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		if _, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			return nil, err
		}
		tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			return nil, err
		}
		if _, err := cdp.Call(ctx, t, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: html}); err != nil {
			return nil, err
		}
		return chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground(), chromedp.PDFStream())(ctx, t)
	})
}
