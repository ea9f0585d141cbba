using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Retention.Kernel;

/// <summary>
/// A key that one commit only can ever take: a request id or a natural key (purchase, return, order), with its scope.
/// 128 bits of SHA-256, so that equal keys are equal texts for every practical and adversarial purpose.
/// </summary>
public readonly record struct LedgerKey(UInt128 Value)
{
    public static LedgerKey Request(string tenantId, string requestId) => Of("r", tenantId, requestId);

    public static LedgerKey Purchase(string tenantId, string brandId, string source, string purchaseId) =>
        Of("p", tenantId, brandId, source, purchaseId);

    public static LedgerKey Return(string tenantId, string brandId, string source, string returnId) =>
        Of("t", tenantId, brandId, source, returnId);

    public static LedgerKey Order(string tenantId, string brandId, string source, string orderId) =>
        Of("o", tenantId, brandId, source, orderId);

    public static LedgerKey Of(params ReadOnlySpan<string> parts)
    {
        Span<byte> text = stackalloc byte[512];
        var length = 0;
        foreach (var part in parts)
        {
            var size = Encoding.UTF8.GetByteCount(part);
            if (length + size + 1 > text.Length)
            {
                throw new ArgumentException("A ledger key's parts are longer than their fields allow.");
            }

            length += Encoding.UTF8.GetBytes(part, text[length..]);
            text[length++] = 0;
        }

        return new LedgerKey(Digest(text[..length]));
    }

    /// <summary>The same 128 bits of SHA-256 over any content.</summary>
    public static UInt128 Digest(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(content, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

}
