using System.Text.Json.Serialization;

namespace Retention.Domain.Clearing;

/// <summary>
/// A bookmark in an account's journal: a small grain written in the commit of every so-manieth fact. Its own one commit
/// is found at once, and with it the place of the entries before, however long the account's journal is.
/// </summary>
/// <param name="Number">Of the last entry in that commit.</param>
public sealed record AccountMark(long Number)
{
    /// <summary>So many facts of the account lie between two marks.</summary>
    public const int Every = 256;

    public static readonly AccountMark Initial = new(0);

    public static AccountMark Evolve(AccountMark state, AccountMarkFact fact) => fact switch
    {
        AccountMarked marked => state with { Number = marked.Number },
        _ => throw new InvalidOperationException($"A mark knows no {fact.GetType().Name}."),
    };
}

/// <summary>What happened to one mark.</summary>
[JsonDerivedType(typeof(AccountMarked), "account-marked")]
public abstract record AccountMarkFact;

/// <param name="Number">Of the account's last entry so far.</param>
public sealed record AccountMarked(long Number) : AccountMarkFact;
