using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Retention.Domain.Offline;
using Retention.Server.Persons;
using Retention.V1;
using CouponToSign = Retention.Domain.Offline.CouponToSign;
using SigningKey = Retention.Domain.Offline.SigningKey;

namespace Retention.Server.Signing;

/// <summary>
/// ECDSA over SHA-256 with keys on P-256. Private keys are stored encrypted under a key that the storage keeps beside those
/// of persons; no customer's id has a blank in it, so that none can be this one's.
/// </summary>
public sealed class CouponSigner(IPersonKeys keys)
{
    private const string Owner = "signing key";
    private const DSASignatureFormat Format = DSASignatureFormat.Rfc3279DerSequence;

    /// <summary>A fresh pair.</summary>
    public async ValueTask<(string KeyId, string PublicKey, string Sealed)> NewKeyAsync(string tenantId, CancellationToken stop)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var keyId = "key_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var secret = pair.ExportPkcs8PrivateKey();
        try
        {
            var hidden = await keys.SealAsync(new PersonId(tenantId, Owner), keyId, secret, stop);
            return (keyId, Convert.ToBase64String(pair.ExportSubjectPublicKeyInfo()), hidden);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Signs all in their order. Usually one key does: another may have become the newest between two of them.</summary>
    public async ValueTask<SignCouponsResponse> SignAsync(
        string tenantId, IEnumerable<CouponToSign> coupons, CancellationToken stop)
    {
        var opened = new Dictionary<string, ECDsa>(StringComparer.Ordinal);
        try
        {
            var response = new SignCouponsResponse();
            foreach (var (coupon, key) in coupons)
            {
                if (!opened.TryGetValue(key.KeyId, out var pair))
                {
                    opened[key.KeyId] = pair = await OpenAsync(tenantId, key, stop);
                }

                var text = coupon.ToString();
                var signature = pair.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, Format);
                response.Coupons.Add(new V1.SignedCoupon { SignedText = text, Signature = ByteString.CopyFrom(signature) });
            }

            return response;
        }
        finally
        {
            foreach (var pair in opened.Values)
            {
                pair.Dispose();
            }
        }
    }

    private async ValueTask<ECDsa> OpenAsync(string tenantId, SigningKey key, CancellationToken stop)
    {
        var secret = await keys.OpenAsync(new PersonId(tenantId, Owner), key.KeyId, key.Sealed, stop)
            ?? throw new InvalidOperationException("The key that signing keys are sealed under is gone.");
        var pair = ECDsa.Create();
        try
        {
            pair.ImportPkcs8PrivateKey(secret, out _);
            return pair;
        }
        catch
        {
            pair.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public static bool IsSigned(SigningKey key, string text, ReadOnlySpan<byte> signature)
    {
        using var pair = ECDsa.Create();
        pair.ImportSubjectPublicKeyInfo(Convert.FromBase64String(key.PublicKey), out _);
        return pair.VerifyData(Encoding.UTF8.GetBytes(text), signature, HashAlgorithmName.SHA256, Format);
    }

    public static string Pem(SigningKey key) =>
        PemEncoding.WriteString("PUBLIC KEY", Convert.FromBase64String(key.PublicKey)) + "\n";
}
