namespace Retention.Domain.Agreements;

/// <summary>Agreements, their coupons and clearing accounts, and what tenants hear of them.</summary>
public static class AgreementArea
{
    public static readonly Area Area = new(
        [AgreementGrains.Agreement, AgreementGrains.Coupon, AgreementGrains.Use, AgreementGrains.Account, AgreementGrains.Mark],
        new Dictionary<string, EffectTurn>
        {
            [JointMessages.Issue] = JointIssueTurns.Issue,
            [JointMessages.Void] = JointIssueTurns.Void,
            [JointMessages.Stacked] = JointStackTurns.Decided,
            [JointMessages.Sale] = JointSaleTurns.Sold,
            [JointMessages.SaleReturn] = JointSaleTurns.Returned,
            [JointMessages.Known] = AgreementNews.ReceiveKnown,
            [JointMessages.LegActive] = AgreementNews.ReceiveLegActive,
            [JointMessages.LegInactive] = AgreementNews.ReceiveLegInactive,
        });
}
