namespace Retention.Server.Load;

/// <summary>A number of fixed width.</summary>
internal sealed class DigitField(int mark, Func<long, long> value) : PatchedField
{
    public const int Width = 12;

    /// <summary>The digits for one call.</summary>
    public long Value(long number) => value(number);

    /// <summary>The text for one call, as the patch writes it.</summary>
    public string Text(long number) => Value(number).ToString($"D{Width}");

    public override void Write(Span<byte> place, long number)
    {
        var rest = Value(number);
        for (var i = place.Length - 1; i >= 0; i--)
        {
            (rest, var digit) = Math.DivRem(rest, 10);
            place[i] = (byte)('0' + digit);
        }
    }

    public override string ToString() => $"{new string('9', Width - 1)}{mark}";
}
