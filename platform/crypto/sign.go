package crypto

import (
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// ErrSignature means that a text is not what the holder of the key signed.
var ErrSignature = errors.New("crypto: the signature does not belong to this text and key")

// Sign signs a text as this installation: SM2 with SM3 and the standard's
// default identity (GB/T 32918.2), ASN.1 in base64. The same text gets another
// signature each time; all of them verify. An empty text is an error.
func (r *Keyring) Sign(text []byte) (string, error) {
	signature, err := r.sign.SignWithSM2(rand.Reader, nil, text)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// PublicKey is what others verify this installation's signatures with, in PEM.
// It stays the same for as long as the installation's key does.
func (r *Keyring) PublicKey() string { return r.public }

// Verify reports whether a signature was made by the holder of a public key (in
// PEM) over a text; ErrSignature when it was not.
func Verify(publicKey string, text []byte, signature string) error {
	public, err := ParsePublicKey(publicKey)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || !sm2.VerifyASN1WithSM2(public, nil, text, raw) {
		return ErrSignature
	}
	return nil
}

// MarshalPublicKey is an SM2 public key in PEM.
func MarshalPublicKey(public *ecdsa.PublicKey) (string, error) {
	der, err := smx509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("writing a public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// ParsePublicKey reads an SM2 public key in PEM and refuses any other kind.
func ParsePublicKey(text string) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("crypto: not a public key in PEM")
	}
	parsed, err := smx509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading a public key: %w", err)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || !sm2.IsSM2PublicKey(public) {
		return nil, errors.New("crypto: not an SM2 public key")
	}
	return public, nil
}

// signer is the installation's signing key, the same for the same master.
func signer(master []byte) (*sm2.PrivateKey, error) {
	return firstKey(func(try int) ([]byte, error) {
		return hkdf.Key(sm3.New, master, nil, "shouwang sm2 signature "+strconv.Itoa(try), 32)
	})
}

// firstKey is the first candidate that is a private key: a number from 1 to
// n-2. One in 2^32 is not.
func firstKey(candidate func(try int) ([]byte, error)) (*sm2.PrivateKey, error) {
	for try := 0; ; try++ {
		d, err := candidate(try)
		if err != nil {
			return nil, fmt.Errorf("deriving the signing key: %w", err)
		}
		if key, err := sm2.NewPrivateKey(d); err == nil {
			return key, nil
		}
	}
}
