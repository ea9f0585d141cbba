using Retention.Domain.Agreements;
using Retention.Domain.Clearing;
using Retention.Kernel;

namespace Retention.Domain.Tests.Agreements;

/// <summary>Payments and disputes between the bakery and the shoe shop.</summary>
public static class JointScenePayments
{
    /// <summary>The bakery says that it paid.</summary>
    public static string Pay(this JointScene scene, string by, long amount, string id) =>
        scene.Pay(by, amount, id, isSettled: false) ?? throw new InvalidOperationException("Nobody owes anything.");

    /// <param name="isSettled">The agreement is closed and nothing is owed: null, nothing can be paid.</param>
    public static string? Pay(this JointScene scene, string by, long amount, string id, bool isSettled)
    {
        var command = new RecordSettlement(
            id, scene.Agreement.First, amount, "USD", scene.Now.InZone(JointScene.Zone).Date, "E2E");
        var refusal = scene.Books.Ask(turn => SettlementTurns.Record(turn, scene.Asks(by), JointScene.Id, command)).Refusal;
        Assert.Equal(isSettled ? RefusalReason.AgreementClosed : null, refusal?.Reason);
        return isSettled ? null : id;
    }

    public static Decision ConfirmPayment(this JointScene scene, string by, string settlementId) => scene.Books.Ask(
        turn => SettlementTurns.Confirm(turn, scene.Asks(by), JointScene.Id, settlementId));

    public static Decision OpenDispute(this JointScene scene, string by, EntryFact entry, string id) => scene.Books.Ask(
        turn => DisputeTurns.Open(
            turn, scene.Asks(by), JointScene.Id, new OpenDispute(id, entry, "NOT_SOLD", "The till was closed.")));

    /// <param name="amount">Null: all that is disputed.</param>
    public static Decision ResolveDispute(
        this JointScene scene, string by, string id, DisputeOutcome outcome, long? amount = null) =>
        scene.Books.Ask(turn => DisputeTurns.Resolve(
            turn, scene.Asks(by), JointScene.Id, new ResolveDispute(id, outcome, "", amount)));
}
