package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Gateway is what carries messages out of the house: the county's short
// message or office-chat service, behind the small contract that
// docs/gateway.md describes.
type Gateway struct {
	url, token string
	client     *http.Client
}

// message is all that the gateway is told. The text is one of ours and never
// of a notice, so that nothing about a child or an officer can be in it.
type message struct {
	ID     string    `json:"id"`
	To     string    `json:"to"`
	Text   string    `json:"text"`
	Urgent bool      `json:"urgent"`
	At     time.Time `json:"at"`
}

const (
	urgentText = "【守望】您有一件紧急事项待办，请登录系统查看。"
	plainText  = "【守望】您有一件事项待办，请登录系统查看。"
)

// errRefused says that the gateway will never take this message.
var errRefused = errors.New("the gateway refused the message")

// NewGateway names the gateway's address (http or https) and, unless empty,
// the token by which it knows us.
func NewGateway(address, token string) (*Gateway, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("the gateway's address is not http://… or https://… (a token goes in its own setting)")
	}
	return &Gateway{address, token, &http.Client{
		Timeout: patience,
		// What is for the gateway is told to nobody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// send hands one message over. errRefused is final; any other error may pass.
func (g *Gateway) send(ctx context.Context, m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", m.ID)
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	answer, err := g.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // read, so that the connection serves again
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusBadRequest, code == http.StatusNotFound, code == http.StatusGone, code == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: status %d", errRefused, code)
	default: // a wrong token or address is mended by the operator, and then all goes out
		return fmt.Errorf("status %d", code)
	}
}
