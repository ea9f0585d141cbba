using NodaTime;
using Retention.Kernel;
using Retention.Simulation.Runs;

namespace Retention.Simulation.Toy;

/// <summary>The toy deciders for commands. Pure; a planted bug bends one of them.</summary>
public sealed partial class ToyTurns(PlantedBug bug, bool hasLines)
{
    private readonly Dictionary<GrainId, long> counted = [];

    /// <summary>A node crashed: what a planted bug keeps outside of the states is gone.</summary>
    public void Forget() => counted.Clear();

    public IEnumerable<IGrainKind> Kinds =>
    [
        .. new[]
        {
            ToyGrains.Purse, ToyGrains.Offer, ToyGrains.Sale, ToyGrains.Reserve, ToyGrains.Account, ToyGrains.Clock,
            ToyGrains.Conflict, ToyGrains.Use, ToyGrains.Rate, ToyGrains.Counter,
        }.Select(name => new ToyKind(name, static (_, _, _) => Decision.Silent())),
        new ToyKind(ToyGrains.Coupon, Expire),
    ];

    public Decision Decide(Attempt attempt, ITurn turn)
    {
        var draft = new Draft(turn, attempt.Tag);
        return attempt.Operation.Verb switch
        {
            Verb.Deposit => Deposit(attempt, draft),
            Verb.Transfer => Transfer(attempt, draft),
            Verb.Spend => Spend(attempt, draft),
            Verb.Purchase => Purchase(attempt, draft),
            Verb.Return => Return(attempt, draft),
            Verb.Redeem => Redeem(attempt, draft),
            Verb.Capture => Capture(attempt, draft),
            Verb.Reverse => Reverse(attempt, draft),
            Verb.ReverseLine => ReverseLine(attempt, draft),
            Verb.Extend => Extend(attempt, draft),
            Verb.AdvanceClock => AdvanceClock(attempt, draft),
            Verb.Rate => SetRate(attempt, draft),
            _ => Read(attempt, draft),
        };
    }

    private static Decision Deposit(Attempt attempt, Draft draft)
    {
        draft.Put(attempt.Operation.First, ToyVerb.Added, attempt.Amount);
        return draft.Reply();
    }

    private static Decision Transfer(Attempt attempt, Draft draft)
    {
        var (from, to) = (attempt.Operation.First, attempt.Operation.Second);
        if (draft.See(from).Amount < attempt.Amount)
        {
            return draft.Refuse(RefusalReason.InsufficientPoints);
        }

        draft.Put(from, ToyVerb.Added, -attempt.Amount);
        draft.Put(to, ToyVerb.Added, attempt.Amount);
        return draft.Reply();
    }

    private Decision Spend(Attempt attempt, Draft draft)
    {
        var (purse, offer) = (attempt.Operation.First, attempt.Operation.Second);
        var used = draft.See(offer);
        var spent = bug == PlantedBug.BudgetAtCaller ? attempt.CallerSpent : used.Amount;
        if (spent + attempt.Amount > ToyGrains.OfferBudget)
        {
            return draft.Refuse(RefusalReason.BudgetExhausted);
        }

        if (CountOf(offer, used, PlantedBug.LimitBeforeCommit) >= ToyGrains.OfferLimit)
        {
            return draft.Refuse(RefusalReason.LimitReached);
        }

        if (draft.See(purse).Amount < attempt.Amount)
        {
            return draft.Refuse(RefusalReason.InsufficientPoints);
        }

        draft.Put(purse, ToyVerb.Added, -attempt.Amount);
        draft.Put(offer, ToyVerb.Counted, attempt.Amount);
        return draft.Reply();
    }

    private Decision Purchase(Attempt attempt, Draft draft)
    {
        var operation = attempt.Operation;
        var sale = new GrainId(operation.Partition, ToyGrains.Sale, operation.Sale);
        if (draft.See(sale).Status != 0)
        {
            return draft.Refuse(RefusalReason.PurchaseIdReused);
        }

        draft.Put(sale, ToyVerb.Opened, attempt.Amount, note: "!" + operation.First.Key);
        draft.Put(operation.First, ToyVerb.Added, attempt.Amount);
        draft.Put(operation.Second, ToyVerb.Added, -attempt.Amount);
        var customer = bug == PlantedBug.CustomerCrosses ? "!" + operation.First.Key : "";
        draft.Send(operation.Agreement, Issue, $"{operation.Sale}|{attempt.Amount}|{operation.Partition.OwnerId}{customer}");
        return draft.Reply();
    }

    private static Decision Return(Attempt attempt, Draft draft)
    {
        var operation = attempt.Operation;
        if (draft.Turn.Recorded(operation.SaleKey) is not { } facts)
        {
            return draft.Refuse(RefusalReason.PurchaseNotFound);
        }

        var sale = facts.First(change => change.Grain.Kind == ToyGrains.Sale).Grain;
        if (draft.See(sale).Status != 1)
        {
            return draft.Refuse(RefusalReason.ReturnExceedsPurchase);
        }

        draft.Put(sale, ToyVerb.Moved, 2);
        draft.Send(operation.Agreement, Void, operation.Sale);
        return draft.Reply();
    }

    private Decision Redeem(Attempt attempt, Draft draft)
    {
        var operation = attempt.Operation;
        var coupon = draft.See(operation.First);
        if (coupon.Status != CouponStatus.Open)
        {
            return draft.Refuse(coupon.Status switch
            {
                0 => RefusalReason.CouponNotFound,
                CouponStatus.Voided => RefusalReason.Voided,
                CouponStatus.Expired => RefusalReason.AfterEnd,
                _ => RefusalReason.AlreadyRedeemed,
            });
        }

        if (bug != PlantedBug.RedeemedAfterEnd && IsOver(draft, coupon, operation.Partition))
        {
            return draft.Refuse(RefusalReason.AfterEnd);
        }

        return Redeemed(draft, operation, coupon);
    }

    private Decision Capture(Attempt attempt, Draft draft)
    {
        var operation = attempt.Operation;
        var coupon = draft.See(operation.First);
        if (coupon.Status == 0)
        {
            return draft.Refuse(RefusalReason.CouponNotFound);
        }

        var isGood = coupon.Status == CouponStatus.Open && !IsOver(draft, coupon, operation.Partition);
        var again = bug == PlantedBug.CaptureTwice && coupon.Status == CouponStatus.Redeemed;
        if ((isGood && bug != PlantedBug.ConflictForOpenCoupon) || again)
        {
            return Redeemed(draft, operation, coupon);
        }

        draft.Put(new GrainId(operation.Partition, ToyGrains.Conflict, operation.Sale), ToyVerb.Opened, coupon.Amount);
        return draft.Reply();
    }

    private Decision Redeemed(Draft draft, Operation operation, ToyState coupon)
    {
        draft.Put(operation.First, ToyVerb.Moved, CouponStatus.Redeemed);
        Post(draft, operation, coupon.Amount);
        if (hasLines) OpenLines(draft, operation, coupon.Amount);
        draft.Put(ReserveFor(operation), ToyVerb.Added, -coupon.Amount);
        draft.Send(PartitionId.Tenant(ToyGrains.Partner(operation.Partition, operation.Sale)), Credit, $"{coupon.Amount}");
        draft.Decision.Remind(operation.First, Expiry, null);
        return draft.Reply();
    }

    private Decision Reverse(Attempt attempt, Draft draft)
    {
        var operation = attempt.Operation;
        var coupon = draft.See(operation.First);
        var again = bug == PlantedBug.ReversalTwice && coupon.Status == CouponStatus.Reversed;
        if (coupon.Status != CouponStatus.Redeemed && !again)
        {
            return draft.Refuse(RefusalReason.RedemptionAlreadyReversed);
        }

        draft.Put(operation.First, ToyVerb.Moved, CouponStatus.Reversed);
        var rest = hasLines ? TakeRest(draft, operation) : coupon.Amount;
        Post(draft, operation, bug == PlantedBug.ClawBackAtOtherSplit ? -rest / 2 : -rest);
        draft.Send(PartitionId.Tenant(operation.Sale[..1]), Released, $"{rest}");
        return draft.Reply();
    }

    private Decision Extend(Attempt attempt, Draft draft)
    {
        var operation = attempt.Operation;
        var coupon = draft.See(operation.First);
        if (coupon.Status != CouponStatus.Open || IsOver(draft, coupon, operation.Partition))
        {
            return draft.Refuse(RefusalReason.AfterEnd);
        }

        draft.Put(operation.First, ToyVerb.Extended, 0, coupon.At + attempt.Amount);
        draft.Decision.Remind(operation.First, Expiry, At(coupon.At + attempt.Amount));
        return draft.Reply();
    }

    private static Decision AdvanceClock(Attempt attempt, Draft draft)
    {
        var clock = attempt.Operation.First;
        draft.Put(clock, ToyVerb.Extended, 0, draft.See(clock).At + attempt.Amount);
        return draft.Reply();
    }

    private static Decision Read(Attempt attempt, Draft draft)
    {
        draft.See(attempt.Operation.First);
        draft.See(attempt.Operation.Second);
        return draft.Reply();
    }

    /// <summary>Both entries of a redemption: the redeeming brand is owed what the issuing brand owes.</summary>
    private void Post(Draft draft, Operation operation, long value)
    {
        var agreement = operation.Partition;
        var issuer = operation.Sale[..1];
        draft.Put(new GrainId(agreement, ToyGrains.Account, ToyGrains.Partner(agreement, issuer)), ToyVerb.Added, value);
        if (bug != PlantedBug.OneSidedClearing)
        {
            draft.Put(new GrainId(agreement, ToyGrains.Account, issuer), ToyVerb.Added, -value);
        }
    }

    // Counted when it is decided, in memory: what is not committed counts, and what is committed may be forgotten.
    private long CountOf(GrainId offer, ToyState state, PlantedBug memory)
    {
        if (bug != memory)
        {
            return state.Count;
        }

        var known = counted.GetValueOrDefault(offer);
        counted[offer] = known + 1;
        return known;
    }

    private static GrainId ReserveFor(Operation operation) =>
        new(operation.Partition, ToyGrains.Reserve, operation.Sale[..1]);
}
