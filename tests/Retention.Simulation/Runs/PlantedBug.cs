namespace Retention.Simulation.Runs;

/// <summary>Bugs that the simulation must find: each breaks one promise on purpose, in the simulation's own parts only.</summary>
public enum PlantedBug
{
    None,
    ReplyBeforeCommit,
    MemoryOnlyDedupe,
    NoDedupe,
    EffectsOutsideCommit,
    NoEffectDedupe,
    NoVersionCheck,
    SpeculativeKept,
    UnknownKeepsCache,
    OneSidedClearing,
    BudgetAtCaller,
    ReversalTwice,
    OutboxDeletedFirst,
    KeyReuseAccepted,
    ExpiryByNodeClock,
    CascadeMissing,
    CustomerCrosses,
    LimitBeforeCommit,
    JointLimitBeforeCommit,
    JointLimitOneMore,
    ReserveFreedTwice,
    ReleaseAddedTwice,
    CreditAddedTwice,
    VoidAfterRedemption,
    ClawBackAtOtherSplit,
    RedeemedAfterEnd,
    CaptureTwice,
    ConflictForOpenCoupon,
    TailIsNotWhatCameSince,
    NewsToldTwice,
    LineTwice,
    LineAtOtherRate,
    OneSidedCounter,
}

/// <summary>A law that does not hold, and where it was seen.</summary>
public sealed class BrokenPromiseException(string law, string detail) : Exception($"{law}: {detail}")
{
    public string Law { get; } = law;
}
