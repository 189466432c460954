import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Verify {
    private static final long TOLERANCE_SECONDS = 5 * 60;
    /** What stands before the 32 bytes of an Ed25519 key in the form that Java reads. */
    private static final byte[] SPKI_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

    /** secret: the endpoint's whsec_..., or its public_key whpk_...; body: the bytes as they came, before any JSON is read. */
    static boolean isGenuine(String secret, String id, String timestamp, String signatures, byte[] body, long nowSeconds) throws Exception {
        if (!timestamp.matches("[0-9]{1,12}") || Math.abs(nowSeconds - Long.parseLong(timestamp)) > TOLERANCE_SECONDS) return false;
        byte[] signed = join((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8), body);
        // While the secret is being replaced there are several signatures; one that fits is enough.
        for (String each : signatures.split(" ")) {
            String[] parts = each.split(",", 2);
            if (parts.length == 2 && fits(secret, parts[0], parts[1], signed)) return true;
        }
        return false;
    }

    private static boolean fits(String secret, String version, String value, byte[] signed) throws Exception {
        byte[] signature;
        try {
            signature = Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException notBase64) {
            return false;
        }
        if (version.equals("v1") && secret.startsWith("whsec_")) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring(6)), "HmacSHA256"));
            return MessageDigest.isEqual(signature, mac.doFinal(signed));
        }
        if (version.equals("v1a") && secret.startsWith("whpk_")) {
            byte[] key = join(SPKI_HEAD, Base64.getDecoder().decode(secret.substring(5)));
            Signature verifier = Signature.getInstance("Ed25519");
            verifier.initVerify(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(key)));
            verifier.update(signed);
            return signature.length == 64 && verifier.verify(signature);
        }
        return false;
    }

    private static byte[] join(byte[] head, byte[] tail) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.writeBytes(head);
        joined.writeBytes(tail);
        return joined.toByteArray();
    }

    public static void main(String[] arguments) throws Exception {
        boolean genuine = isGenuine(
            System.getenv("WEBHOOK_SECRET"), System.getenv("WEBHOOK_ID"), System.getenv("WEBHOOK_TIMESTAMP"), System.getenv("WEBHOOK_SIGNATURE"),
            System.in.readAllBytes(), System.currentTimeMillis() / 1000);
        System.out.println(genuine ? "genuine" : "refused");
    }
}
