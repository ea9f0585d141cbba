namespace Retention.Server.Load;

/// <summary>
/// A number of fixed width inside a message's texts, other for every call. It is written into the message's fields as
/// a placeholder, which the prepared message finds again in its bytes.
/// </summary>
internal sealed class DigitField(int mark, Func<long, long> value)
{
    public const int Width = 12;

    /// <summary>The digits for one call.</summary>
    public long Value(long number) => value(number);

    /// <summary>The text for one call, as the patch writes it.</summary>
    public string Text(long number) => Value(number).ToString($"D{Width}");

    /// <summary>The placeholder.</summary>
    public override string ToString() => $"{new string('9', Width - 1)}{mark}";
}
