using System.Security.Cryptography;
using System.Text;
using Retention.Server.Csv;

namespace Retention.Server.Demo;

/// <summary>
/// Request ids made of what the request is about: the same step of the same demo has the same id in every run.
/// </summary>
public static class RequestIds
{
    public static string Of(params IEnumerable<string> parts)
    {
        var id = string.Join(':', parts);
        return Ids.IsId(id)
            ? id
            : "long:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)).AsSpan(0, 16));
    }
}
