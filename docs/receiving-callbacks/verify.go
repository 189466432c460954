package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

const toleranceSeconds = 5 * 60

// isGenuine takes the endpoint's secret whsec_…, or its public_key whpk_…, and the bytes of the body as they came, before any
// JSON is read.
func isGenuine(secret, id, timestamp, signatures string, body []byte, now time.Time) bool {
	sent, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || sent < now.Unix()-toleranceSeconds || sent > now.Unix()+toleranceSeconds {
		return false
	}
	signed := append([]byte(id+"."+timestamp+"."), body...)
	// While the secret is being replaced there are several signatures; one that fits is enough.
	for _, each := range strings.Split(signatures, " ") {
		version, value, _ := strings.Cut(each, ",")
		signature, err := base64.StdEncoding.DecodeString(value)
		if err == nil && fits(secret, version, signature, signed) {
			return true
		}
	}
	return false
}

func fits(secret, version string, signature, signed []byte) bool {
	if version == "v1" && strings.HasPrefix(secret, "whsec_") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			return false
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(signed)
		return hmac.Equal(signature, mac.Sum(nil))
	}
	if version == "v1a" && strings.HasPrefix(secret, "whpk_") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whpk_"))
		return err == nil && len(key) == ed25519.PublicKeySize && ed25519.Verify(ed25519.PublicKey(key), signed, signature)
	}
	return false
}

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	env := os.Getenv
	if isGenuine(env("WEBHOOK_SECRET"), env("WEBHOOK_ID"), env("WEBHOOK_TIMESTAMP"), env("WEBHOOK_SIGNATURE"), body, time.Now()) {
		fmt.Println("genuine")
	} else {
		fmt.Println("refused")
	}
}
