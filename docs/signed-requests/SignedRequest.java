import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A signed request to crossdesk (RFC 9421, RFC 9530). Java 17 or newer, nothing to install.
 *
 * <pre>CROSSDESK_URL=https://desk.example CROSSDESK_KEY_ID=sgk_… CROSSDESK_SECRET=sgs_… java SignedRequest.java</pre>
 *
 * With CROSSDESK_PRIVATE_KEY (PEM) instead of CROSSDESK_SECRET it signs with ed25519. Prints the answers.
 */
public class SignedRequest {

    /** Adds the headers that sign a request. Send method, URL and body exactly as they are given here. */
    static void sign(HttpRequest.Builder request, String method, URI url, byte[] body) throws Exception {
        Map<String, String> components = new LinkedHashMap<>();
        components.put("@method", method);
        components.put("@authority", authorityOf(url));
        components.put("@path", url.getRawPath().isEmpty() ? "/" : url.getRawPath());
        components.put("@query", "?" + (url.getRawQuery() == null ? "" : url.getRawQuery()));
        if (body != null) {
            components.put("content-digest", "sha-256=:" + base64(MessageDigest.getInstance("SHA-256").digest(body)) + ":");
            request.header("Content-Type", "application/json").header("Content-Digest", components.get("content-digest"));
        }
        String names = components.keySet().stream().map(name -> '"' + name + '"').collect(Collectors.joining(" ", "(", ")"));
        String parameters = names + ";created=" + Instant.now().getEpochSecond() + ";nonce=\"" + UUID.randomUUID()
            + "\";keyid=\"" + System.getenv("CROSSDESK_KEY_ID") + '"';
        StringBuilder base = new StringBuilder();
        components.forEach((name, value) -> base.append('"').append(name).append("\": ").append(value).append('\n'));
        base.append("\"@signature-params\": ").append(parameters);
        byte[] signature = signatureOf(base.toString().getBytes(StandardCharsets.US_ASCII));
        request.header("Signature-Input", "sig=" + parameters).header("Signature", "sig=:" + base64(signature) + ":");
    }

    static byte[] signatureOf(byte[] base) throws Exception {
        String secret = System.getenv("CROSSDESK_SECRET");
        if (secret != null) {
            Mac mac = Mac.getInstance("HmacSHA256");
            // The secret is used as it was shown, byte by byte.
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
            return mac.doFinal(base);
        }
        String pem = System.getenv("CROSSDESK_PRIVATE_KEY").replaceAll("-----[A-Z ]+-----|\\s", "");
        PrivateKey key = KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        Signature ed25519 = Signature.getInstance("Ed25519");
        ed25519.initSign(key);
        ed25519.update(base);
        return ed25519.sign();
    }

    /** Lower case, without the port where it is that of the scheme. */
    static String authorityOf(URI url) {
        int standard = url.getScheme().equals("https") ? 443 : 80;
        boolean plain = url.getPort() == -1 || url.getPort() == standard;
        return url.getHost().toLowerCase() + (plain ? "" : ":" + url.getPort());
    }

    static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    static String call(String method, URI url, String json) throws Exception {
        byte[] body = json == null ? null : json.getBytes(StandardCharsets.UTF_8);
        HttpRequest.BodyPublisher sent = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body);
        HttpRequest.Builder request = HttpRequest.newBuilder(url).method(method, sent);
        sign(request, method, url, body);
        HttpResponse<String> answer = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
            .send(request.build(), HttpResponse.BodyHandlers.ofString());
        return answer.statusCode() + " " + answer.body();
    }

    public static void main(String[] arguments) throws Exception {
        String service = System.getenv("CROSSDESK_URL");
        String visitor = "{\"external_id\":\"customer-" + UUID.randomUUID() + "\",\"name\":\"Ada\"}";
        System.out.println(call("POST", URI.create(service + "/api/v1/visitors"), visitor));
        System.out.println(call("GET", URI.create(service + "/api/v1/visitors?limit=1"), null));
    }
}
