namespace Retention.Domain.Coupons;

/// <summary>
/// Words that no code may spell, also not with digits for letters. A code that does is not drawn; the next is.
/// </summary>
public static class BannedWords
{
    private const string Letters = "ABEGILOSTUVZ";
    private const string Looks = "483611057VV2";

    private static readonly string[] Words =
    [
        .. new[]
        {
            "ANAL", "ANUS", "ASS", "BUTT", "CLIT", "COCK", "CRAP", "CUM", "CUNT", "DAMN", "DEAD", "DICK", "DIE", "DYKE",
            "FAG", "FART", "FUCK", "FUK", "GOD", "HATE", "HELL", "HIV", "JEW", "JIZZ", "KILL", "KKK", "NAZI", "NEGR",
            "NIGG", "PEE", "PENIS", "PISS", "POO", "PORN", "PUSSY", "RAPE", "SEX", "SHIT", "SLUT", "SPERM", "TIT",
            "TURD", "VAGIN", "WANK", "WHORE",
        }.Select(Fold),
    ];

    public static bool In(string code)
    {
        var folded = Fold(code);
        foreach (var word in Words)
        {
            if (folded.Contains(word, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    // What looks like a letter is read as one: 5 and S, 0 and O, V and U.
    private static string Fold(string text) => string.Create(text.Length, text, static (folded, from) =>
    {
        for (var i = 0; i < folded.Length; i++)
        {
            var at = Letters.IndexOf(from[i], StringComparison.Ordinal);
            folded[i] = at < 0 ? from[i] : Looks[at];
        }
    });
}
