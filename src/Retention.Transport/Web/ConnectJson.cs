using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Retention.Transport.Web;

/// <summary>Messages as JSON, with the types known that may stand in an Any.</summary>
internal sealed class ConnectJson
{
    private const int MaxDepth = 64;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly JsonParser _parser;
    private readonly JsonFormatter _formatter;

    public ConnectJson(IEnumerable<FileDescriptor> files)
    {
        var types = TypeRegistry.FromFiles([.. files, Rpc.ErrorDetailsReflection.Descriptor]);

        // As the Connect protocol asks, fields that are not known are skipped, as they are in protobuf.
        _parser = new JsonParser(new JsonParser.Settings(MaxDepth, types).WithIgnoreUnknownFields(true));
        _formatter = new JsonFormatter(JsonFormatter.Settings.Default.WithTypeRegistry(types));
    }

    public IMessage Parse(MessageDescriptor type, ReadOnlySpan<byte> json)
    {
        try
        {
            return _parser.Parse(Strict.GetString(json), type);
        }
        catch (Exception error) when (error is IOException or ArgumentException or FormatException
            or InvalidOperationException or OverflowException)
        {
            throw new RpcFailure(RpcStatus.InvalidArgument, $"The body is not a {type.FullName} in JSON.");
        }
    }

    public string Format(IMessage message) => _formatter.Format(message);
}
