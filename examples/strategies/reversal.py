from podium import Strategy
from podium.rules import close, zscore


class Reversal(Strategy):
    z = zscore(close, 72)

    def on_bar(self, bar):
        if self.position.is_flat and self.z[0] < -2.5:
            self.buy(fraction=0.5, stop=bar.close * 0.95)
        elif self.position.is_long and self.z[0] > 0:
            self.close()
