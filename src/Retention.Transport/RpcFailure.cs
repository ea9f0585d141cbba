using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Retention.Transport;

/// <summary>
/// Ends a call with a status other than OK. The message and the details leave the server as they are, so they hold
/// nothing that the caller may not see. Code and message of <paramref name="details"/> may be left empty.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "A failure is the answer to a call, not a fault of the server.")]
public sealed class RpcFailure(RpcStatus code, string message, Rpc.Status? details = null) : Exception(message)
{
    private List<MetadataEntry>? _trailers;

    public RpcStatus Code { get; } = code;

    public Rpc.Status? Details { get; } = details;

    internal IReadOnlyList<MetadataEntry> Trailers => _trailers ?? (IReadOnlyList<MetadataEntry>)[];

    /// <summary>Adds a text trailer that is sent with the failure.</summary>
    public RpcFailure WithTrailer(string name, string value)
    {
        (_trailers ??= []).Add(MetadataEntry.Text(name, value));
        return this;
    }

    /// <summary>Adds a binary trailer; its name must end in "-bin".</summary>
    public RpcFailure WithTrailer(string name, ReadOnlySpan<byte> value)
    {
        (_trailers ??= []).Add(MetadataEntry.Binary(name, value));
        return this;
    }

    /// <summary>The details as they are sent: code and message filled in, or null where there are none.</summary>
    internal Rpc.Status? CompleteDetails()
    {
        if (Details is null) return null;
        var complete = Details.Clone();
        complete.Code = (int)Code;
        if (complete.Message.Length == 0) complete.Message = Message;
        return complete;
    }

    internal ByteString? DetailBytes() => CompleteDetails()?.ToByteString();
}
