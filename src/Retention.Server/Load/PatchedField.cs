namespace Retention.Server.Load;

/// <summary>
/// A text of fixed width inside a message, other for every call. It is written into the message's fields as a placeholder,
/// which the prepared message finds again in its bytes.
/// </summary>
internal abstract class PatchedField
{
    /// <summary>Writes one call's text, as long as the placeholder, in ASCII.</summary>
    public abstract void Write(Span<byte> place, long number);

    /// <summary>The placeholder.</summary>
    public abstract override string ToString();
}
