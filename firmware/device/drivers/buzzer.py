"""The buzzer: a tone by hardware PWM, which goes on by itself while the processor is busy with the flash."""

from machine import PWM, Pin
from micropython import const

# 15 %: at 12 to 20 % the first four harmonics lie within 12 dB; a 50 % square has only odd ones.
_DUTY_U16 = const(9830)


class Buzzer:
    def __init__(self, pin):
        # The pin first low as plain output: after a soft reset it would keep the level that PWM left.
        self._pin = Pin(pin, Pin.OUT, value=0)
        self._pwm = PWM(self._pin, freq=440, duty_u16=0)
        self._tone = 0

    def tone(self, hertz):
        """Sounds `hertz`, or is silent at 0."""
        if hertz == self._tone:
            return
        if hertz == 0:
            self._pwm.duty_u16(0)
        else:
            self._pwm.freq(hertz)
            self._pwm.duty_u16(_DUTY_U16)
        self._tone = hertz
