namespace Retention.Simulation.Cluster;

/// <summary>Counts how often something rare came about, so that a simulation that never gets there is noticed.</summary>
public sealed class Coverage
{
    /// <summary>States that many seeds together must reach.</summary>
    public static readonly IReadOnlyList<string> Expected =
    [
        "a crash between two legs",
        "a node crashes with commits under way",
        "a batch given up is applied later",
        "a batch given up is refused later",
        "a conflict spares its neighbours",
        "a conflict spreads within its batch",
        "a conflict while an outcome is unknown",
        "an outcome is unknown",
        "an acknowledgement is lost",
        "the store is full",
        "a load fails",
        "a look-up fails",
        "a grain is loaded from snapshot and tail",
        "a snapshot is kept",
        "a stale grain is brought up to date",
        "an effect is lost on its way",
        "an effect is delivered twice",
        "an effect arrives before an earlier one",
        "two nodes hold the same effect",
        "a reminder wakes a coupon too early",
        "a coupon expires by reminder",
        "a clock jumps",
        "a request is sent twice at once",
        "a duplicate arrives while the first is under way",
        "a reply is repeated",
        "a reply is repeated after a crash",
        "an operation is sealed",
        "a seal comes too late",
        "a late copy meets the seal",
        "a read waits for a commit under way",
        "a grain leaves memory",
        "a coupon is voided after a return",
        "an issue finds no room",
        "a capture comes too late",
        "a rate comes after a redemption",
        "a line comes back",
        "the last line comes back",
        "refused: ReturnExceedsPurchase",
        "refused: RequestIdReused",
        "refused: PurchaseIdReused",
        "refused: PurchaseNotFound",
        "refused: OperationSealed",
        "refused: Overloaded",
        "refused: StorageFull",
        "refused: StorageUnavailable",
        "refused: OutcomeUnknown",
        "refused: TooManyConflicts",
        "refused: BudgetExhausted",
        "refused: LimitReached",
        "refused: AlreadyRedeemed",
        "refused: AfterEnd",
        "refused: Voided",
        "refused: RedemptionAlreadyReversed",
        "refused: InsufficientPoints",
    ];

    private readonly SortedDictionary<string, long> counts = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> Counts => counts;

    public void Sometimes(string what) => counts[what] = counts.GetValueOrDefault(what) + 1;

    public void SometimesIf(bool condition, string what)
    {
        if (condition)
        {
            Sometimes(what);
        }
    }

    public void Add(Coverage other)
    {
        foreach (var (what, count) in other.counts)
        {
            counts[what] = counts.GetValueOrDefault(what) + count;
        }
    }
}
